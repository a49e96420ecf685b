"use strict";
// Keeps the shell, for when the device doesn't answer: never pictures, events, lists or any other answer.
const KEPT = "lpr-shell-1";
const SHELL = ["./", "page.css", "forms.css", "words.js", "common.js", "page.js", "icon.png"];
const isShell = (url) => SHELL.some((name) => new URL(name, self.registration.scope).href === url);

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(SHELL)));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)))));
});
self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || !isShell(event.request.url)) return;
  event.respondWith(fetch(event.request).catch(() => caches.match(event.request)));
});

"use strict";
// location.origin, as a login in the address would be refused by fetch.
const here = (name) => new URL(name, location.origin + location.pathname);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const numbers = new Map();
async function fetchPicture(camera = "", image = byId("picture")) {
  if (!camera && byId("single").hidden) return false;
  const answer = await fetch(here(`picture.jpg?camera=${camera}&after=${numbers.get(camera) ?? ""}`));
  if (answer.status !== 200) return false;
  numbers.set(camera, answer.headers.get("X-Picture"));
  const before = image.src;
  image.src = URL.createObjectURL(await answer.blob());
  image.className = "";
  await image.decode();
  image.width = image.naturalWidth;
  image.height = image.naturalHeight;
  if (before.startsWith("blob:")) URL.revokeObjectURL(before);
  return true;
}

// A figure for each of several cameras, made when the device first names them.
function showCameras(cameras, counts) {
  if (!cameras) return;
  byId("single").hidden = true;
  byId("cameras").hidden = false;
  for (const [name, { healthy, since_frame_s: since }] of Object.entries(cameras)) {
    const figure = document.getElementById(`camera-${name}`) ?? addCamera(name);
    const caption = figure.querySelector("figcaption");
    caption.textContent = healthy
      ? words("live.camera", { name, fps: number(counts[name].fps, 1), events: counted("event", counts[name].events) })
      : words("live.camera-gone", { name, seconds: number(since) });
    caption.className = healthy ? "" : "bad";
  }
}

function addCamera(name) {
  const figure = element("figure", "", "");
  figure.id = `camera-${name}`;
  const image = document.createElement("img");
  image.alt = words("live.picture-of", { name });
  image.src = byId("picture").src;
  image.className = "empty";
  figure.append(image, element("figcaption", "", name));
  byId("cameras").append(figure);
  repeat(() => fetchPicture(name, image), 100, 250);
  return figure;
}

function showEvents(events, several) {
  byId("none").hidden = events.length > 0;
  byId("events").replaceChildren(...events.map((event) => {
    const item = document.createElement("li");
    const latin = event.latin && event.latin !== event.text ? `${event.latin}, ` : "";
    item.append(
      element("span", event.valid === false ? "plate strange" : "plate", event.text ?? "–"),
      element("time", "when", digits(new Date(event.last_seen).toLocaleTimeString())),
      element("span", "more", `${several ? `${event.source}, ` : ""}${latin}${number(100 * event.confidence)} %, ${counted("frame", event.frames)}`),
    );
    return item;
  }));
}

const two = (times) => (times ? `${number(times.p50, 1)}, ${number(times.p95, 1)} ms` : null);
function figures(vitals) {
  const waiting = Object.entries(vitals.outbox).map(([sink, count]) => `${sink} ${number(count)}`).join(", ");
  const minutes = Math.floor(vitals.uptime_s / 60);
  return {
    "fps": number(vitals.fps, 1),
    "latency": two(vitals.latency_ms),
    "age": two(vitals.frame_age_ms),
    "temperature": vitals.temperature_c === null ? null : `${number(vitals.temperature_c, 1)} °C`,
    "events": number(vitals.events),
    "frames": number(vitals.frames),
    "sinks": waiting || null,
    "memory": `${number(vitals.memory_mb)} MB`,
    "disk": vitals.disk_free_mb === null ? null : `${number(vitals.disk_free_mb / 1000, 1)} GB`,
    "running-for": words("live.uptime", { hours: number(Math.floor(minutes / 60)), minutes: number(minutes % 60) }),
    ...vitals.models,
  };
}

const time = (seconds) => (seconds < 120 ? `${number(seconds)} s` : `${number(seconds / 60)} min`);
function visitFigures({ vehicles, in: ins, out, inside, stay_s: stay }) {
  const crossed = ins || out || inside;
  return {
    "today": number(vehicles),
    "in": crossed ? number(ins) : null,
    "out": crossed ? number(out) : null,
    "inside": crossed ? number(inside) : null,
    "stay": stay ? `${time(stay.median)}, ${time(stay.longest)}` : null,
  };
}

function showFigures(list, found) {
  const known = Object.entries(found).filter(([, value]) => value !== null);
  byId(list).replaceChildren(...known.map(([name, value]) => {
    const box = element("div");
    box.append(element("dt", "", words(`live.${name}`)), element("dd", "", value));
    return box;
  }));
}

function showPages(pages) {
  if (byId("pages").children.length === pages.length) return;
  byId("pages").replaceChildren(...pages.map((name) => {
    const link = element("a", "", words(name));
    link.dataset.words = name;
    link.href = here(`${name}/`);
    return link;
  }));
}

function showHealth({ healthy, faults, since_frame_s: since }) {
  if (healthy) say(words("live.reading"), "good");
  else if (Object.keys(faults).length) say(words("live.failed", { what: Object.keys(faults).join(", ") }), "bad");
  else say(words("live.no-picture", { seconds: number(since) }), "bad");
}

let state = null;
function showState() {
  const { vitals, events, visits, pages, cameras } = state;
  document.title = byId("device").textContent = vitals.device ? `lpr · ${vitals.device}` : "lpr";
  byId("source").textContent = cameras ? "" : vitals.source;
  showPages(pages);
  showCameras(cameras, vitals.cameras);
  showEvents(events, Boolean(cameras));
  showFigures("visits", visitFigures(visits));
  showFigures("figures", figures(vitals));
  showHealth(state);
}

async function fetchState() {
  state = await ask(here("state.json"));
  showState();
}

// One request of a kind at a time, and none while nobody looks.
async function repeat(job, soon, later) {
  for (;;) {
    let wait = later;
    try {
      if (!document.hidden && await job() !== false) wait = soon;
    } catch {
      say(words("live.silent"), "bad");
    }
    await pause(wait);
  }
}

addLanguageSwitch(() => state && showState());
showWords();
repeat(() => fetchPicture(), 100, 250);
repeat(fetchState, 1000, 1000);
// Browsers keep a shell only of pages that nobody on the way can change: over TLS, or of this machine.
navigator.serviceWorker?.register(here("worker.js")).catch(() => {});

"use strict";
// location.origin, as a login in the address would be refused by fetch.
const here = (name) => new URL(name, location.origin + location.pathname);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const numbers = new Map();
async function fetchPicture(camera = "", image = byId("picture")) {
  if (!camera && byId("single").hidden) return false;
  const answer = await fetch(here(`picture.jpg?camera=${encodeURIComponent(camera)}&after=${numbers.get(camera) ?? ""}`));
  if (answer.status !== 200) return false;
  numbers.set(camera, answer.headers.get("X-Picture"));
  const next = new Image();
  next.src = URL.createObjectURL(await answer.blob());
  try {
    await next.decode();
  } catch {
    URL.revokeObjectURL(next.src); // a broken picture: the one before stays
    return false;
  }
  const before = image.src;
  image.src = next.src;
  image.className = "";
  image.width = next.naturalWidth;
  image.height = next.naturalHeight;
  if (before.startsWith("blob:")) URL.revokeObjectURL(before);
  return true;
}

// Of several cameras those that are in sight take turns, few requests at a time however many there are.
const AT_ONCE = 3;
const inSight = new Map(); // camera -> its image
const busy = new Set();
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries)
    if (isIntersecting) inSight.set(target.dataset.camera, target);
    else inSight.delete(target.dataset.camera);
});
async function fetchNext() {
  const name = [...inSight.keys()].find((each) => !busy.has(each));
  if (name === undefined) return false;
  const image = inSight.get(name);
  inSight.delete(name); // behind the others
  inSight.set(name, image);
  busy.add(name);
  try {
    return await fetchPicture(name, image);
  } finally {
    busy.delete(name);
  }
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
  image.dataset.camera = name;
  figure.append(image, element("figcaption", "", name));
  byId("cameras").append(figure);
  watcher.observe(image);
  if (byId("cameras").children.length <= AT_ONCE) repeat(fetchNext, 60, 120);
  return figure;
}

const clockTime = (text) => digits(new Date(text).toLocaleTimeString("en-GB"));
function eventItem(event, several, hasHistory) {
  const item = document.createElement("li");
  const plate = element(hasHistory ? "a" : "span", event.valid === false ? "plate strange" : "plate", plateText(event));
  if (hasHistory) plate.href = here(`history/${encodeURIComponent(event.id)}`);
  const latin = event.latin && event.latin !== event.text ? `${event.latin}, ` : "";
  const { name, action } = event.matched ?? {};
  const marks = element("span", "badges");
  marks.append(...badges({ name, action, isUnlisted: event.matched === null, direction: event.direction }));
  item.append(
    plate,
    element("time", "when", clockTime(event.last_seen)),
    ...(marks.children.length ? [marks] : []),
    ...(event.valid === false ? [element("span", "more", words("live.strange"))] : []),
    element("span", "more", `${several ? `${event.source}, ` : ""}${latin}${number(100 * event.confidence)} %, ${counted("frame", event.frames)}`),
  );
  return item;
}

// Made anew only where something has changed, and what had the focus keeps it.
let eventsShown = "";
function showEvents(events, several, hasHistory) {
  const wanted = JSON.stringify([events, several, hasHistory, language]);
  if (wanted === eventsShown) return;
  eventsShown = wanted;
  const focused = byId("events").contains(document.activeElement) ? document.activeElement.href : null;
  byId("none").hidden = events.length > 0;
  byId("events").replaceChildren(...events.map((event) => eventItem(event, several, hasHistory)));
  if (focused) ([...byId("events").querySelectorAll("a")].find((link) => link.href === focused) ?? byId("events")).focus();
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
  showTabs(pages, "live", "./");
  showCameras(cameras, vitals.cameras);
  showEvents(events, Boolean(cameras), pages.includes("history"));
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

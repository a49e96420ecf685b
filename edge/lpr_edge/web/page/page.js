"use strict";
// location.origin, as a login in the address would be refused by fetch.
const here = (name) => new URL(name, location.origin + location.pathname);
const byId = (id) => document.getElementById(id);
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
      ? `${name}: ${counts[name].fps.toFixed(1)} frames a second, ${counts[name].events} ${counts[name].events === 1 ? "event" : "events"}`
      : `${name}: no picture for ${Math.round(since)} s`;
    caption.className = healthy ? "" : "bad";
  }
}

function addCamera(name) {
  const figure = element("figure", "", "");
  figure.id = `camera-${name}`;
  const image = document.createElement("img");
  image.alt = `what the camera ${name} sees, with the plates that were read`;
  image.src = byId("picture").src;
  image.className = "empty";
  figure.append(image, element("figcaption", "", name));
  byId("cameras").append(figure);
  repeat(() => fetchPicture(name, image), 100, 250);
  return figure;
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

function showEvents(events, several) {
  byId("none").hidden = events.length > 0;
  byId("events").replaceChildren(...events.map((event) => {
    const item = document.createElement("li");
    const latin = event.latin && event.latin !== event.text ? `${event.latin}, ` : "";
    item.append(
      element("span", event.valid === false ? "plate strange" : "plate", event.text ?? "–"),
      element("time", "when", new Date(event.last_seen).toLocaleTimeString()),
      element("span", "more", `${several ? `${event.source}, ` : ""}${latin}${Math.round(100 * event.confidence)} %, ${event.frames} ${event.frames === 1 ? "frame" : "frames"}`),
    );
    return item;
  }));
}

const two = (times) => (times ? `${times.p50}, ${times.p95} ms` : null);
function figures(vitals) {
  const waiting = Object.entries(vitals.outbox).map(([sink, count]) => `${sink} ${count}`).join(", ");
  return {
    "Frames per second": vitals.fps.toFixed(1),
    "Reading (p50, p95)": two(vitals.latency_ms),
    "Frame's age (p50, p95)": two(vitals.frame_age_ms),
    "Temperature": vitals.temperature_c === null ? null : `${vitals.temperature_c} °C`,
    "Events": vitals.events,
    "Frames": vitals.frames,
    "Skipped, without motion": `${Math.round(100 * vitals.skipped_share)} %`,
    "Waiting for sinks": waiting || null,
    "Memory": `${Math.round(vitals.memory_mb)} MB`,
    "Disk free": vitals.disk_free_mb === null ? null : `${(vitals.disk_free_mb / 1000).toFixed(1)} GB`,
    "Running for": `${Math.floor(vitals.uptime_s / 3600)} h ${Math.floor(vitals.uptime_s / 60) % 60} min`,
    ...Object.fromEntries(Object.entries(vitals.models).map(([kind, name]) => [kind, name])),
  };
}

function showFigures(vitals) {
  const known = Object.entries(figures(vitals)).filter(([, value]) => value !== null);
  byId("figures").replaceChildren(...known.map(([name, value]) => {
    const box = element("div", "", "");
    box.append(element("dt", "", name), element("dd", "", value));
    return box;
  }));
}

function say(text, className) {
  byId("state").textContent = text;
  byId("state").className = className;
}

async function fetchState() {
  const { vitals, events, pages, healthy, faults, since_frame_s: since, cameras } = await (await fetch(here("state.json"))).json();
  document.title = byId("device").textContent = vitals.device ? `lpr · ${vitals.device}` : "lpr";
  byId("source").textContent = vitals.source ?? "";
  showCameras(cameras, vitals.cameras);
  if (pages.length && !byId("pages").children.length) {
    byId("pages").append(...pages.map((name) => {
      const link = element("a", "", { history: "History", list: "Watch list" }[name]);
      link.href = here(`${name}/`);
      return link;
    }));
  }
  showEvents(events, Boolean(cameras));
  showFigures(vitals);
  if (healthy) say("reading", "good");
  else if (Object.keys(faults).length) say(`failed: ${Object.keys(faults).join(", ")}`, "bad");
  else say(`no picture for ${Math.round(since)} s`, "bad");
}

// One request of a kind at a time, and none while nobody looks.
async function repeat(job, soon, later) {
  for (;;) {
    let wait = later;
    try {
      if (!document.hidden && await job() !== false) wait = soon;
    } catch {
      say("the device doesn't answer", "bad");
    }
    await pause(wait);
  }
}

repeat(() => fetchPicture(), 100, 250);
repeat(fetchState, 1000, 1000);

"use strict";
// The address itself, as a login in it would be refused by fetch.
const page = location.origin + location.pathname;
const at = (name, asked = {}) => {
  const url = new URL(`../api/history${name}`, page);
  for (const [key, value] of Object.entries(asked)) if (value) url.searchParams.set(key, value);
  return url;
};
const byId = (id) => document.getElementById(id);
const eventId = decodeURIComponent(location.pathname.replace(/^.*\/history\//, ""));
const form = byId("search");
let after = null;

async function ask(url, options) {
  const answer = await fetch(url, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error);
  return body;
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

function say(text, isBad) {
  byId("state").textContent = text;
  byId("state").className = isBad ? "bad" : "";
}

function picture(id, name, alt) {
  const image = document.createElement("img");
  image.alt = alt;
  image.loading = "lazy";
  image.src = at("/picture", { id, name });
  return image;
}

function summary(event) {
  const parts = [
    event.latin && event.latin !== event.text ? event.latin : "",
    event.source,
    event.direction && event.direction !== "unknown" ? event.direction : "",
    event.list_name ? `list: ${event.list_name}` : "",
    event.corrections.length ? "corrected" : `${Math.round(100 * (event.confidence ?? 0))}\u00a0%`,
  ];
  return parts.filter(Boolean).join(" · ");
}

function show(event) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = new URL(encodeURIComponent(event.id), page);
  link.append(
    event.has_pictures ? picture(event.id, "plate", "") : element("span", "none", ""),
    element("span", event.valid === false && !event.corrections.length ? "plate strange" : "plate", event.text || "–"),
    element("time", "when", event.time),
    element("span", "more", summary(event)),
  );
  item.append(link);
  byId("found").append(item);
}

const asked = () => Object.fromEntries(new FormData(form));

async function search(goOn) {
  say("searching …");
  try {
    const answer = await ask(at("", { ...asked(), before: goOn ? after : "" }));
    if (!goOn) byId("found").replaceChildren();
    answer.events.forEach(show);
    after = answer.after;
    byId("more").hidden = after === null;
    byId("found").hidden = byId("found").children.length === 0;
    byId("nothing").hidden = !byId("found").hidden;
    say("");
  } catch (error) {
    say(error.message, true);
  }
}

function setExports() {
  const day = byId("export").elements.day.value;
  for (const format of ["csv", "xlsx", "jsonl"]) byId(format).href = at("/export", { ...asked(), since: "", until: "", day, format });
}

async function beginList() {
  const choices = await ask(at("/choices"));
  for (const [name, kind] of [["source", "source"], ["direction", "direction"], ["listed", "list"]])
    for (const value of choices[kind]) {
      const option = element("option", "", value);
      option.value = value;
      form.elements[name].append(option);
    }
  for (const [name, value] of new URLSearchParams(location.search)) {
    const field = form.elements[name];
    if (field?.type === "checkbox") field.checked = value === "1";
    else if (field) field.value = value;
  }
  const now = new Date();
  byId("export").elements.day.value = form.elements.since.value || new Date(now - 60000 * now.getTimezoneOffset()).toISOString().slice(0, 10);
  form.hidden = byId("export").hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const used = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    history.replaceState(null, "", used.size ? `?${used}` : location.pathname);
    setExports();
    search(false);
  });
  form.addEventListener("change", setExports);
  byId("export").addEventListener("input", setExports);
  byId("export").addEventListener("submit", (event) => event.preventDefault());
  byId("more").addEventListener("click", () => search(true));
  setExports();
  await search(false);
}

function fields(event) {
  const record = event.record;
  return {
    "Seen": event.time,
    "Bikram Sambat": event.bikram_sambat,
    "Camera": event.source,
    "Direction": event.direction,
    "Stayed for": typeof event.dwell_s === "number" ? `${event.dwell_s} s` : null,
    "On the list as": event.list_name,
    "Action": event.list_action,
    "Confidence": `${Math.round(100 * (event.confidence ?? 0))}\u00a0%`,
    "Allowed by the grammar": event.valid === undefined || event.valid === null ? null : event.valid ? "yes" : "no",
    "Colour": record.colour,
    "Frames": event.frames,
    "Texts of single frames": (record.votes ?? []).map((vote) => `${vote.text} (${vote.frames})`).join(", "),
    "Event": event.id,
  };
}

function showEvent(event) {
  document.title = `lpr · ${event.text}`;
  byId("plate").textContent = event.text || "–";
  const read = event.corrections.length ? `read as ${event.read_as}` : "";
  byId("reading").textContent = [event.latin !== event.text ? event.latin : "", read].filter(Boolean).join(" · ");
  byId("fields").replaceChildren(...Object.entries(fields(event)).filter(([, value]) => value || value === 0).map(([name, value]) => {
    const box = element("div", "", "");
    box.append(element("dt", "", name), element("dd", "", String(value)));
    return box;
  }));
  byId("corrections").replaceChildren(...event.corrections.map((each) =>
    element("li", "more", `${each.text} – ${each.who}, ${each.time}`)));
  for (const name of ["plate", "frame"]) {
    const image = byId(`${name}-picture`);
    if (event.has_pictures && !image.src) {
      image.addEventListener("load", () => { image.hidden = false; });
      image.src = at("/picture", { id: event.id, name });
    }
  }
  byId("event").hidden = false;
}

async function beginEvent() {
  byId("back").hidden = false;
  showEvent(await ask(at("/event", { id: eventId })));
  byId("correction").addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    const text = submitted.target.elements.text.value;
    try {
      showEvent(await ask(at("/correct"), {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Lpr": "1" },
        body: JSON.stringify({ id: eventId, text }),
      }));
      submitted.target.reset();
      byId("answer").className = "";
      byId("answer").textContent = "kept in addition to what was read";
    } catch (error) {
      byId("answer").className = "bad";
      byId("answer").textContent = error.message;
    }
  });
}

(eventId ? beginEvent() : beginList()).catch((error) => say(error.message, true));

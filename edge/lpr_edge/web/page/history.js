"use strict";
// The address itself, as a login in it would be refused by fetch.
const page = location.origin + location.pathname;
const at = (name, asked = {}) => {
  const url = new URL(`../api/history${name}`, page);
  for (const [key, value] of Object.entries(asked)) if (value) url.searchParams.set(key, value);
  return url;
};
const eventId = decodeURIComponent(location.pathname.replace(/^.*\/history\//, ""));
const form = byId("search");
let after = null;
let several = false; // whether there are several cameras
let shown = null; // the event of this page, where it is that of one

function picture(id, name, alt) {
  const image = document.createElement("img");
  image.alt = alt;
  image.loading = "lazy";
  image.src = at("/picture", { id, name });
  return image;
}

const marksOf = (event) => badges({ name: event.list_name, action: event.list_action, direction: event.direction });

// Local time of the device, by the calendar of the language where the day is in it.
const when = (event) => digits(language === "ne" && event.bikram_sambat ? `${event.bikram_sambat} ${event.time.slice(11)}` : event.time);

function summary(event) {
  const parts = [
    event.latin && event.latin !== event.text ? event.latin : "",
    several ? event.source : "",
    event.corrections.length ? words("history.corrected") : `${number(100 * (event.confidence ?? 0))}\u00a0%`,
  ];
  return parts.filter(Boolean).join(" · ");
}

function show(event) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = new URL(encodeURIComponent(event.id), page);
  const more = element("span", "more");
  more.append(...marksOf(event), element("span", "", summary(event)));
  const none = element("span", "none");
  const shot = event.has_pictures ? picture(event.id, "plate", "") : none;
  shot.addEventListener("error", () => shot.replaceWith(none));
  link.append(
    shot,
    element("span", event.valid === false && !event.corrections.length ? "plate strange" : "plate", plateText(event)),
    element("time", "when", when(event)),
    more,
  );
  item.append(link);
  byId("found").append(item);
}

const asked = () => Object.fromEntries(new FormData(form));

async function search(goOn) {
  say(words("history.searching"));
  try {
    const answer = await ask(at("", { ...asked(), before: goOn ? after : "" }));
    if (!goOn) byId("found").replaceChildren();
    const before = byId("found").children.length;
    answer.events.forEach(show);
    if (goOn) byId("found").children[before]?.firstChild.focus(); // its button may go
    after = answer.after;
    byId("more").hidden = after === null;
    byId("found").hidden = byId("found").children.length === 0;
    byId("nothing").hidden = !byId("found").hidden;
    say("");
  } catch (error) {
    say(error.message, "bad");
  }
}

function setExports() {
  const day = byId("export").elements.day.value;
  for (const format of ["csv", "xlsx", "jsonl"]) byId(format).href = at("/export", { ...asked(), since: "", until: "", day, format });
}

async function beginList() {
  const choices = await ask(at("/choices"));
  several = choices.source.length > 1;
  for (const [name, kind] of [["source", "source"], ["direction", "direction"], ["listed", "list"]])
    for (const value of choices[kind]) {
      const option = element("option", "", kind === "direction" && isPlaced(value) ? words(`way.${value}`) : value);
      option.value = value;
      if (kind === "direction" && isPlaced(value)) option.dataset.words = `way.${value}`;
      form.elements[name].append(option);
    }
  for (const [name, value] of new URLSearchParams(location.search)) {
    const field = form.elements[name];
    if (field?.type === "checkbox") field.checked = value === "1";
    else if (field) field.value = value;
  }
  const used = [...new URLSearchParams(location.search).keys()].some((name) => name !== "text");
  byId("filters").open = used || matchMedia("(min-width: 60rem)").matches;
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
  const valid = event.valid ?? null;
  return {
    "seen": digits(event.time),
    "bikram-sambat": event.bikram_sambat && digits(event.bikram_sambat),
    "camera": event.source,
    "direction": isPlaced(event.direction) ? words(`way.${event.direction}`) : null,
    "stayed": typeof event.dwell_s === "number" ? `${number(event.dwell_s)} s` : null,
    "on-list": event.list_name,
    "action": event.list_action,
    "confidence": `${number(100 * (event.confidence ?? 0))}\u00a0%`,
    "valid": valid === null ? null : words(valid ? "history.yes" : "history.no"),
    "colour": record.colour,
    "frames": number(event.frames ?? 0),
    "votes": (record.votes ?? []).map((vote) => `${vote.text} (${number(vote.frames)})`).join(", "),
    "event": event.id,
  };
}

function showEvent(event) {
  document.title = `lpr · ${event.text}`;
  byId("plate").textContent = plateText(event);
  byId("marks").replaceChildren(...marksOf(event));
  byId("event").classList.toggle("bare", !event.has_pictures);
  const read = event.corrections.length ? words("history.read-as", { text: event.read_as }) : "";
  byId("reading").textContent = [event.latin !== event.text ? event.latin : "", read].filter(Boolean).join(" · ");
  byId("fields").replaceChildren(...Object.entries(fields(event)).filter(([, value]) => value || value === 0).map(([name, value]) => {
    const box = element("div", "", "");
    box.append(element("dt", "", words(`history.${name}`)), element("dd", "", String(value)));
    return box;
  }));
  byId("corrections").replaceChildren(...event.corrections.map((each) =>
    element("li", "more", `${each.text} – ${each.who}, ${digits(each.time)}`)));
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
  shown = await ask(at("/event", { id: eventId }));
  showEvent(shown);
  byId("correction").addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    const text = submitted.target.elements.text.value;
    try {
      shown = await ask(at("/correct"), { id: eventId, text });
      showEvent(shown);
      submitted.target.reset();
      byId("answer").className = "";
      byId("answer").textContent = words("history.kept");
    } catch (error) {
      byId("answer").className = "bad";
      byId("answer").textContent = error.message;
    }
  });
}

addLanguageSwitch(() => (shown ? showEvent(shown) : eventId || search(false)));
showWords();
showPages("history", "../").catch((error) => say(error.message, "bad"));
(eventId ? beginEvent() : beginList()).catch((error) => say(error.message, "bad"));

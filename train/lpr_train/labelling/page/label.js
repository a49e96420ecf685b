"use strict";
// location.origin, as a login in the address would be refused by fetch.
const here = (name) => new URL(name, location.origin + location.pathname);
const byId = (id) => document.getElementById(id);
const text = byId("text");
const SVG = "http://www.w3.org/2000/svg";
const FIELD = ["legible", "kind"];
const POLL_MS = 500;
const ENDS = ["pointerup", "pointercancel"]; // a touch that becomes a scroll is cancelled

let photo = null; // as photo.json has it
let at = 0; // place of the current plate
let corner = 0; // the one that keys move
let shown = ""; // the text as it was shown: unchanged, it is accepted without being read again
let adding = null; // corners of a plate that is being drawn
let busy = Promise.resolve(); // keys that come quickly wait for each other

async function ask(name, values) {
  const init = values === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Lpr-Label": "1" },
    body: JSON.stringify(values),
  };
  const answer = await fetch(here(name), init);
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error);
  return found;
}

function say(message) {
  byId("message").textContent = message;
}

const plate = () => photo.plates[at];
const written = (one) => one.rows.join("|");

// No picture to show: all are labelled, or the next one is still being read.
function clear(found) {
  const isDone = found.done === found.pictures;
  byId("picture").removeAttribute("src");
  byId("corners").replaceChildren();
  byId("crop").getContext("2d").clearRect(0, 0, byId("crop").width, byId("crop").height);
  byId("plate-title").textContent = isDone ? "Done" : "Reading the next picture …";
  byId("rows").textContent = isDone ? "All pictures are labelled. Ctrl-C in the terminal writes labels.jsonl." : "";
  text.value = "";
  text.disabled = true;
  document.body.dataset.ready = isDone ? "all" : "reading";
  if (!isDone) setTimeout(() => run(lookAgain), POLL_MS);
}

async function lookAgain() {
  if (!photo.image) await show(await ask("next.json"));
}

async function show(found, place) {
  photo = found;
  say(found.trouble || "");
  const left = found.pictures - found.done;
  const reading = found.read < found.pictures ? `, ${found.read} read` : "";
  byId("progress").textContent = `${found.done} of ${found.pictures} pictures done, ${left} left${reading}`;
  document.body.dataset.image = found.image ?? "";
  if (!found.image) {
    clear(found);
    return;
  }
  text.disabled = false;
  const image = byId("picture");
  image.src = here(`picture?image=${encodeURIComponent(found.image)}`);
  await image.decode();
  const open = photo.plates.findIndex((one) => !one.accepted);
  select(place ?? Math.max(0, open));
}

function select(place) {
  at = Math.max(0, Math.min(place, photo.plates.length - 1));
  corner = 0;
  adding = null;
  shown = plate() ? written(plate()) : "";
  text.value = shown;
  byId("plate-title").textContent = plate()
    ? `Plate ${at + 1} of ${photo.plates.length}${plate().accepted ? ", accepted" : ""}`
    : "No plate: Enter if there is none, * adds one";
  byId("foreign").setAttribute("aria-pressed", String(plate()?.kind === "foreign"));
  showRows(plate() ?? { rows: [] }, plate()?.form);
  draw();
  text.focus();
  text.select();
  document.body.dataset.ready = `${photo.image} ${at}`;
}

function showRows(found, form) {
  const box = byId("rows");
  box.className = form === "" ? "odd" : "";
  box.replaceChildren(found.rows.join(" / "));
  if (form !== undefined) {
    const note = document.createElement("span");
    note.className = "form";
    note.textContent = form ? ` (${form})` : " (no form of the country)";
    box.append(note);
  }
}

function draw() {
  const image = byId("picture");
  const svg = byId("corners");
  const { naturalWidth: width, naturalHeight: height } = image;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const radius = 7 * width / Math.max(1, image.clientWidth);
  const parts = [];
  const quads = [...photo.plates.map((one) => one.quad), ...(adding ? [adding] : [])];
  quads.forEach((quad, place) => {
    const outline = document.createElementNS(SVG, "polygon");
    outline.setAttribute("points", quad.map((xy) => xy.join(",")).join(" "));
    outline.classList.toggle("current", place === at);
    outline.classList.toggle("accepted", Boolean(photo.plates[place]?.accepted));
    outline.addEventListener("click", () => select(place));
    parts.push(outline);
  });
  (plate()?.quad ?? []).forEach(([x, y], number) => {
    const dot = document.createElementNS(SVG, "circle");
    dot.setAttribute("cx", x);
    dot.setAttribute("cy", y);
    dot.setAttribute("r", radius);
    dot.classList.toggle("first", number === 0);
    dot.classList.toggle("picked", number === corner);
    dot.dataset.corner = number;
    parts.push(dot);
  });
  svg.replaceChildren(...parts);
  drawCrop();
}

// The plate upright: strips along its height, each an affine piece of the picture.
function drawCrop() {
  const canvas = byId("crop");
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (!plate()) return;
  const [a, b, c, d] = plate().quad;
  const wide = Math.hypot(b[0] - a[0], b[1] - a[1]) + Math.hypot(c[0] - d[0], c[1] - d[1]);
  const high = Math.hypot(d[0] - a[0], d[1] - a[1]) + Math.hypot(c[0] - b[0], c[1] - b[1]);
  canvas.height = Math.max(60, Math.min(400, Math.round(canvas.width * high / Math.max(1, wide))));
  const { width, height } = canvas;
  const count = 24;
  const between = (p, q, share) => [p[0] + (q[0] - p[0]) * share, p[1] + (q[1] - p[1]) * share];
  for (let strip = 0; strip < count; strip += 1) {
    const left = between(a, d, strip / count);
    const right = between(b, c, strip / count);
    const below = between(a, d, (strip + 1) / count);
    // picture = left + u (right - left) + v (below - left); its inverse maps the picture to the canvas
    const ux = (right[0] - left[0]) / width, uy = (right[1] - left[1]) / width;
    const vx = (below[0] - left[0]) * count / height, vy = (below[1] - left[1]) * count / height;
    const area = ux * vy - uy * vx;
    if (Math.abs(area) < 1e-9) continue;
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.beginPath();
    context.rect(0, strip * height / count - 0.5, width, height / count + 1);
    context.clip();
    const top = strip * height / count;
    const m = [vy / area, -uy / area, -vx / area, ux / area];
    context.setTransform(m[0], m[1], m[2], m[3], -(m[0] * left[0] + m[2] * left[1]), top - (m[1] * left[0] + m[3] * left[1]));
    context.drawImage(byId("picture"), 0, 0);
    context.restore();
  }
}

async function save(done) {
  Object.assign(photo, await ask("save", { image: photo.image, plates: photo.plates, done }));
}

async function spell() {
  return ask("spell", { text: text.value, rows: plate().rows, quad: plate().quad });
}

async function accept() {
  if (plate()) {
    if (text.value !== shown) take(await spell());
    plate().accepted = true;
  }
  const open = photo.plates.findIndex((one) => !one.accepted);
  await save(open < 0);
  if (open < 0) await show(await ask("next.json"));
  else select(open);
}

function take(found) {
  const one = plate();
  if (written(one) !== found.rows.join("|")) {
    delete one.number_rows;
    delete one.character_boxes;
  }
  one.rows = found.rows;
  for (const name of FIELD) if (name !== "kind" || one.kind !== "foreign") one[name] = found[name];
}

async function remove() {
  if (!plate()) return;
  photo.plates.splice(at, 1);
  await save(false);
  select(at);
}

function add() {
  adding = [];
  say("Click the plate's four corners, its own top left first.");
}

async function addAt(quad) {
  photo.plates.push({ quad, rows: ["?"], legible: "none", kind: "", corners: "hand", accepted: false });
  adding = null;
  say("");
  await save(false);
  select(photo.plates.length - 1);
}

async function moved() {
  plate().corners = "hand";
  delete plate().character_boxes;
  plate().accepted = false;
  await save(false);
}

async function undo() {
  const { image } = await ask("undo", {});
  if (image === null) say("There is nothing to undo.");
  else await show(await ask(`photo.json?image=${encodeURIComponent(image)}`));
}

async function skip() {
  await ask("skip", { image: photo.image });
  await show(await ask("next.json"));
}

async function toggleForeign() {
  if (!plate()) return;
  plate().kind = plate().kind === "foreign" ? "" : "foreign";
  await save(false);
  select(at);
}

async function turn() {
  if (!plate()) return;
  plate().quad.push(plate().quad.shift());
  await moved();
  select(at);
}

function run(job) {
  busy = busy.then(job).catch((error) => {
    say(error.message);
  });
  return busy;
}

const ACTIONS = { accept, remove, add, foreign: toggleForeign, turn, undo, skip };
for (const [name, job] of Object.entries(ACTIONS)) {
  byId(name).addEventListener("click", () => photo && (photo.image || job === undo) && run(job));
}
const KEYS = { Enter: accept, "!": remove, "*": add, "=": toggleForeign, ">": turn, PageDown: skip };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

document.addEventListener("keydown", (event) => {
  if (event.isComposing || !photo) return;
  const isButton = event.target instanceof HTMLButtonElement;
  const isUndo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
  if (!photo.image && !isUndo) return;
  if (event.altKey && plate() && "1234".includes(event.key) && event.key) {
    corner = Number(event.key) - 1;
    draw();
  } else if (event.altKey && ARROWS[event.key] && plate()) {
    const far = event.shiftKey ? 10 : 1;
    ARROWS[event.key].forEach((step, axis) => { plate().quad[corner][axis] += far * step; });
    draw();
    run(moved);
  } else if (isUndo) {
    run(undo);
  } else if (event.key === "Tab" && event.target === text && photo.plates.length > 1 && !event.shiftKey && at + 1 < photo.plates.length) {
    select(at + 1);
  } else if (event.key === "Escape") {
    select(at);
    say("");
  } else if (KEYS[event.key] && !(isButton && event.key === "Enter")) {
    run(KEYS[event.key]);
  } else {
    return;
  }
  event.preventDefault();
});

text.addEventListener("input", () => {
  if (!plate()) return;
  run(async () => {
    if (!text.value.trim()) return;
    try {
      const found = await spell();
      say("");
      showRows(found, found.form);
    } catch (error) {
      say(error.message);
    }
  });
});

function place(event) {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(byId("corners").getScreenCTM().inverse());
  return [Math.round(10 * point.x) / 10, Math.round(10 * point.y) / 10];
}

byId("corners").addEventListener("pointerdown", (event) => {
  if (!photo?.image) return;
  if (adding) {
    adding.push(place(event));
    draw();
    if (adding.length === 4) {
      const quad = adding;
      run(() => addAt(quad));
    }
    event.preventDefault();
  } else if (event.target.dataset.corner !== undefined) {
    corner = Number(event.target.dataset.corner);
    const move = (dragged) => {
      plate().quad[corner] = place(dragged);
      draw();
    };
    const end = () => {
      window.removeEventListener("pointermove", move);
      for (const kind of ENDS) window.removeEventListener(kind, end);
      run(moved);
      text.focus();
    };
    window.addEventListener("pointermove", move);
    for (const kind of ENDS) window.addEventListener(kind, end);
    event.preventDefault();
  }
});

window.addEventListener("resize", () => photo?.image && draw());

async function begin() {
  const { groups, title } = await ask("country.json");
  document.title = `lpr label · ${title}`;
  const keys = Object.values(groups).flatMap((signs) => [...signs.map(([sign, latin]) => {
    const key = document.createElement("button");
    key.type = "button";
    key.tabIndex = -1;
    key.textContent = sign;
    key.title = latin.toLowerCase();
    key.addEventListener("click", () => {
      text.setRangeText(sign, text.selectionStart, text.selectionEnd, "end");
      text.focus();
      text.dispatchEvent(new Event("input"));
    });
    return key;
  }), Object.assign(document.createElement("span"), { className: "break" })]);
  byId("keypad").replaceChildren(...keys);
  await show(await ask("next.json"));
}

run(begin);

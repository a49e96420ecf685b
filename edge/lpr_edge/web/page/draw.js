"use strict";
const api = new URL("api", location.origin + location.pathname);
const FIRST = { roi: [[0.1, 0.3], [0.9, 0.3], [0.9, 0.95], [0.1, 0.95]], line: [[0.1, 0.6], [0.9, 0.6]] };
const MIN_POINTS = { roi: 3, line: 2 };
let found = null; // as the device gave it
let shapes = {}; // key -> points of the camera that is shown

const key = () => byId("key").value;
const camera = () => byId("names").value;
const share = (value) => String(Math.round(1000 * Math.min(1, Math.max(0, value))) / 1000);
const written = (points) => points.map(([x, y]) => `${share(x)},${share(y)}`).join(" ");
function read(text) {
  const values = text.split(/[,\s]+/).filter(Boolean).map(Number);
  return Array.from({ length: values.length / 2 }, (_, place) => [values[2 * place], values[2 * place + 1]]);
}

function show() {
  const points = shapes[key()];
  const shape = byId("shape").querySelector("polygon");
  shape.setAttribute("points", written(points));
  shape.setAttribute("class", key());
  byId("points").querySelectorAll("button").forEach((button, place) => put(button, points[place]));
  byId("add").disabled = key() === "line" && points.length === 2;
  byId("toml").value = Object.entries(shapes).map(([name, corners]) => `${name} = "${written(corners)}"`).join("\n");
}

function put(button, [x, y]) {
  button.style.left = `${100 * x}%`;
  button.style.top = `${100 * y}%`;
  button.setAttribute("aria-label", words("draw.point", { place: button.textContent, x: number(100 * x), y: number(100 * y) }));
}

function move(place, x, y) {
  shapes[key()][place] = [Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y))];
  show();
}

function handle(place) {
  const button = element("button", "point", number(place + 1));
  button.type = "button";
  button.addEventListener("pointerdown", (event) => button.setPointerCapture(event.pointerId));
  button.addEventListener("pointermove", (event) => {
    if (!button.hasPointerCapture(event.pointerId)) return;
    const board = byId("picture").getBoundingClientRect();
    move(place, (event.clientX - board.left) / board.width, (event.clientY - board.top) / board.height);
  });
  button.addEventListener("keydown", (event) => {
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    if (!x && !y) return;
    event.preventDefault();
    const step = event.shiftKey ? 0.05 : 0.01;
    const [left, top] = shapes[key()][place];
    move(place, left + step * x, top + step * y);
  });
  return button;
}

function showPoints() {
  byId("points").replaceChildren(...shapes[key()].map((_, place) => handle(place)));
  show();
}

function pick() {
  const values = found.cameras[camera()];
  shapes = { roi: read(values.roi), line: read(values.line) };
  byId("picture").src = new URL(`../picture.jpg?camera=${encodeURIComponent(camera())}`, api);
  showPoints();
}

function add() {
  const points = shapes[key()];
  if (!points.length) shapes[key()] = FIRST[key()].map((point) => [...point]);
  else {
    const [x, y] = points.at(-1);
    const [firstX, firstY] = points[0];
    points.push([(x + firstX) / 2, (y + firstY) / 2]);
  }
  showPoints();
}

async function load() {
  found = await ask(api);
  byId("names").replaceChildren(...Object.keys(found.cameras).map((name) => element("option", "", name)));
  byId("which").hidden = Object.keys(found.cameras).length < 2;
  byId("save").disabled = !(found.can_save && found.is_admin);
  byId("admin").hidden = found.is_admin || !found.can_save;
  if (!found.can_save) say(words("draw.by-hand"));
  pick();
}

async function save() {
  const [name, points] = Object.entries(shapes).find(([each, corners]) => corners.length && corners.length < MIN_POINTS[each]) ?? [];
  if (name) return say(words("draw.too-few", { count: number(points.length) }), "bad");
  const values = Object.fromEntries(Object.entries(shapes).map(([each, corners]) => [each, written(corners)]));
  const { reloads } = await ask(api, { camera: camera(), ...values });
  found.cameras[camera()] = values;
  say(words(reloads ? "draw.saved" : "draw.saved-restart"), "good");
}

const fail = (error) => say(error.message, "bad");
byId("names").addEventListener("change", pick);
byId("key").addEventListener("change", showPoints);
byId("add").addEventListener("click", add);
byId("clear").addEventListener("click", () => {
  shapes[key()] = [];
  showPoints();
});
byId("draw").addEventListener("submit", (event) => {
  event.preventDefault();
  save().catch(fail);
});
addLanguageSwitch(() => found && showPoints());
showWords();
load().catch(fail);

"use strict";
const api = new URL("api", location.origin + location.pathname);
const FIRST = { roi: [[0.1, 0.3], [0.9, 0.3], [0.9, 0.95], [0.1, 0.95]], line: [[0.1, 0.6], [0.9, 0.6]], tiles: [] };
const FEWEST = { roi: 3, line: 2 };
let found = null; // as the device gave it
let shapes = {}; // key -> points of the camera that is shown
let size = null; // width and height of the camera's frame
let picked = -1; // the point that was moved last
let changes = false; // whether something isn't saved

const key = () => document.querySelector("[name=key]:checked").value;
const camera = () => byId("names").value;
const share = (value) => String(Math.round(1000 * Math.min(1, Math.max(0, value))) / 1000);
const written = (points) => points.map(([x, y]) => `${share(x)},${share(y)}`).join(" ");
function read(text) {
  const values = text.split(/[,\s]+/).filter(Boolean).map(Number);
  return Array.from({ length: Math.floor(values.length / 2) }, (_, place) => [values[2 * place], values[2 * place + 1]]);
}
const tiles = () => (byId("how").value === "grid" ? `${byId("columns").value || 1}x${byId("rows").value || 1}` : byId("how").value);
const values = () => ({ roi: written(shapes.roi), line: written(shapes.line), tiles: tiles() });

function show() {
  const points = shapes[key()] ?? [];
  const corners = written(shapes.roi);
  byId("roi").setAttribute("points", corners);
  byId("outside").setAttribute("d", shapes.roi.length > 2 ? `M0 0H1V1H0zM${corners.replaceAll(" ", "L")}z` : "");
  const [start, end] = shapes.line.length === 2 ? shapes.line : [[0, 0], [0, 0]];
  for (const [name, value] of Object.entries({ x1: start[0], y1: start[1], x2: end[0], y2: end[1] })) byId("line").setAttribute(name, value);
  showArrow();
  byId("points").querySelectorAll("button").forEach((button, place) => put(button, points[place]));
  byId("toml").value = Object.entries(values()).map(([name, text]) => `${name} = "${text}"`).join("\n");
}

// From the line's middle to its right side, as seen from its first end to its second: where vehicles go in.
function showArrow() {
  byId("arrow").hidden = shapes.line.length !== 2;
  if (byId("arrow").hidden) return;
  const { width, height } = byId("picture").getBoundingClientRect();
  const [[x1, y1], [x2, y2]] = shapes.line;
  const angle = Math.atan2((x2 - x1) * width, -(y2 - y1) * height);
  byId("arrow").style.left = `${50 * (x1 + x2)}%`;
  byId("arrow").style.top = `${50 * (y1 + y2)}%`;
  byId("arrow").querySelector("svg").style.transform = `rotate(${angle}rad)`;
  const label = byId("arrow").querySelector("span");
  label.style.left = `${4.9 * Math.cos(angle)}rem`;
  label.style.top = `${4.6 * Math.sin(angle)}rem`;
}

function put(button, [x, y]) {
  button.style.left = `${100 * x}%`;
  button.style.top = `${100 * y}%`;
  button.setAttribute("aria-label", words("draw.point", { place: button.textContent, x: number(100 * x), y: number(100 * y) }));
}

function changed() {
  changes = true;
  say(words("list.changed"));
}

function move(place, x, y) {
  shapes[key()][place] = [Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y))];
  changed();
  show();
}

function handle(place) {
  const button = element("button", "point", number(place + 1));
  button.type = "button";
  button.addEventListener("focus", () => { picked = place; });
  button.addEventListener("pointerdown", (event) => button.setPointerCapture(event.pointerId));
  button.addEventListener("pointermove", (event) => {
    if (!button.hasPointerCapture(event.pointerId)) return;
    const board = byId("picture").getBoundingClientRect();
    move(place, (event.clientX - board.left) / board.width, (event.clientY - board.top) / board.height);
  });
  button.addEventListener("pointerup", showTiles);
  button.addEventListener("keydown", (event) => {
    if (event.key === "Delete" || event.key === "Backspace") return remove();
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    if (!x && !y) return;
    event.preventDefault();
    const step = event.shiftKey ? 0.05 : 0.01;
    const [left, top] = shapes[key()][place];
    move(place, left + step * x, top + step * y);
  });
  button.addEventListener("keyup", showTiles);
  return button;
}

function showPoints() {
  const points = shapes[key()] ?? [];
  picked = -1;
  byId("points").replaceChildren(...points.map((_, place) => handle(place)));
  byId("hint").textContent = words(`draw.hint-${key()}`);
  byId("tiling").hidden = key() !== "tiles";
  byId("add").hidden = key() === "tiles" || (key() === "line" && points.length > 0);
  byId("remove").hidden = key() !== "roi";
  byId("remove").disabled = points.length <= FEWEST.roi;
  byId("clear").hidden = key() === "tiles";
  byId("clear").disabled = !points.length;
  byId("turn").hidden = key() !== "line";
  byId("turn").disabled = points.length !== 2;
  byId("add").textContent = words(points.length ? "draw.add" : `draw.begin-${key() === "line" ? "line" : "roi"}`);
  show();
}

// The tiles that the device would cut, as it alone knows the network's size.
let tilesAsked = 0;
async function showTiles() {
  const mine = (tilesAsked += 1);
  for (const name of ["columns", "rows"]) byId(name).disabled = byId("how").value !== "grid";
  const boxes = key() === "tiles" && size ? await askTiles() : [];
  if (mine !== tilesAsked) return;
  byId("grid").replaceChildren(...["under", ""].flatMap((name) => boxes.map(([left, top, right, bottom]) => {
    const box = document.createElementNS(byId("shape").namespaceURI, "rect");
    for (const [attribute, value] of Object.entries({ x: left, y: top, width: right - left, height: bottom - top, class: name })) box.setAttribute(attribute, value);
    return box;
  })));
  if (key() === "tiles") byId("hint").textContent = `${words("draw.hint-tiles")} ${boxes.length ? words("draw.tile-count", { count: number(boxes.length) }) : words("draw.no-tiles")}`;
}

async function askTiles() {
  const url = new URL("tiles", api);
  const { roi, tiles: wanted } = values();
  const asked = { roi: shapes.roi.length >= FEWEST.roi ? roi : "", tiles: wanted, width: size[0], height: size[1] };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  return (await ask(url)).tiles;
}

async function pick() {
  const own = found.cameras[camera()];
  shapes = { roi: read(own.roi), line: read(own.line) };
  const grid = /^(\d+)x(\d+)$/.exec(own.tiles);
  byId("how").value = grid ? "grid" : own.tiles;
  if (grid) [, byId("columns").value, byId("rows").value] = grid;
  size = null;
  changes = false;
  showPoints();
  const answer = await fetch(new URL(`../picture.jpg?plain&camera=${encodeURIComponent(camera())}`, api));
  if (answer.status === 200) {
    size = answer.headers.get("X-Frame").split("x").map(Number);
    byId("picture").src = URL.createObjectURL(await answer.blob());
    await byId("picture").decode();
    show();
  } else say(words("draw.no-picture"));
  await showTiles();
}

function add() {
  const points = shapes[key()];
  let after = -1;
  if (!points.length) shapes[key()] = FIRST[key()].map((point) => [...point]);
  else {
    after = picked < 0 ? points.length - 1 : picked;
    const [x, y] = points[after];
    const [nextX, nextY] = points[(after + 1) % points.length];
    points.splice(after + 1, 0, [(x + nextX) / 2, (y + nextY) / 2]);
  }
  changed();
  showPoints();
  byId("points").children[after + 1].focus(); // the button may go
}

function remove() {
  const points = shapes[key()];
  if (key() !== "roi" || points.length <= FEWEST.roi) return;
  const place = picked < 0 ? points.length - 1 : picked;
  points.splice(place, 1);
  changed();
  showPoints();
  byId("points").children[Math.min(place, points.length - 1)].focus();
}

async function load() {
  found = await ask(api);
  byId("names").replaceChildren(...Object.keys(found.cameras).map((name) => element("option", "", name)));
  byId("which").hidden = Object.keys(found.cameras).length < 2;
  byId("save").hidden = !(found.can_save && found.is_admin);
  byId("admin").hidden = found.is_admin || !found.can_save;
  document.querySelector("details").open = !found.can_save;
  if (!found.can_save) say(words("draw.by-hand"));
  await pick();
}

async function save() {
  const [name, points] = Object.entries(shapes).find(([each, corners]) => corners.length && corners.length < FEWEST[each]) ?? [];
  if (name) return say(words("draw.too-few", { count: number(points.length) }), "bad");
  const sent = values();
  const { reloads } = await ask(api, { camera: camera(), ...sent });
  found.cameras[camera()] = sent;
  changes = false;
  say(words(reloads ? "draw.saved" : "draw.saved-restart"), "good");
}

const fail = (error) => say(error.message, "bad");
byId("names").addEventListener("change", () => pick().catch(fail));
byId("keys").addEventListener("change", () => {
  showPoints();
  showTiles().catch(fail);
});
byId("tiling").addEventListener("change", () => {
  changed();
  show();
  showTiles().catch(fail);
});
byId("add").addEventListener("click", add);
byId("remove").addEventListener("click", remove);
byId("turn").addEventListener("click", () => {
  shapes.line.reverse();
  changed();
  showPoints();
});
byId("clear").addEventListener("click", () => {
  shapes[key()] = [];
  changed();
  showPoints();
  byId("add").focus();
});
byId("draw").addEventListener("submit", (event) => {
  event.preventDefault();
  save().catch(fail);
});
window.addEventListener("beforeunload", (event) => {
  if (changes) event.preventDefault();
});
window.addEventListener("resize", () => found && show());
addLanguageSwitch(() => {
  if (!found) return;
  showPoints();
  showTiles().catch(fail);
});
showWords();
showPages("draw", "../").catch(fail);
load().catch(fail);

"use strict";
const api = new URL("api", location.origin + location.pathname);
const MAX_SHOWN = 200;
let table = null; // as the device gave it
let rows = []; // { cells, error, isOdd }, as they are now
let isChanged = false;

const columnWords = (name) => (`column.${name.toLowerCase()}` in WORDS.en ? words(`column.${name.toLowerCase()}`) : name);
const plateOf = (row) => row.cells[table.columns.findIndex((name) => name.toLowerCase() === "plate")];

function changed() {
  isChanged = true;
  say(words("list.changed"));
}

function showHead() {
  const line = element("tr");
  line.append(...table.columns.map((name) => {
    const cell = element("th", "", columnWords(name));
    cell.scope = "col";
    return cell;
  }), element("td"));
  byId("rows").tHead.replaceChildren(line);
}

function input(row, column, place) {
  const field = element("input");
  field.value = row.cells[column];
  field.autocomplete = "off";
  field.spellcheck = false;
  field.maxLength = 200;
  field.setAttribute("aria-label", words("list.cell", { column: columnWords(table.columns[column]), row: number(place + 1) }));
  if (row.error || row.isOdd) field.setAttribute("aria-describedby", `note-${place}`);
  if (row.error) field.setAttribute("aria-invalid", "true");
  field.addEventListener("input", () => {
    row.cells[column] = field.value;
    changed();
  });
  return field;
}

function line(row, place) {
  const made = element("tr");
  for (const column of table.columns.keys()) {
    const cell = element("td");
    cell.dataset.column = columnWords(table.columns[column]);
    cell.append(input(row, column, place));
    made.append(cell);
  }
  const remove = element("button", "", words("list.remove"));
  remove.type = "button";
  remove.setAttribute("aria-label", words("list.remove-row", { plate: plateOf(row) }));
  remove.addEventListener("click", () => {
    rows.splice(rows.indexOf(row), 1);
    changed();
    showRows();
    byId("add").focus();
  });
  const last = element("td");
  last.append(remove);
  made.append(last);
  if (!row.error && !row.isOdd) return [made];
  const note = element("tr", row.error ? "bad" : "more");
  const text = element("td", "", row.error ?? words("list.odd"));
  text.id = `note-${place}`;
  text.colSpan = table.columns.length + 1;
  note.append(text);
  return [made, note];
}

function showRows() {
  const wanted = byId("filter").value.trim().toLowerCase();
  const fitting = rows.filter((row) => row.error || !wanted || row.cells.some((cell) => cell.toLowerCase().includes(wanted)));
  const shown = fitting.slice(0, MAX_SHOWN);
  const hadFocus = byId("rows").contains(document.activeElement);
  byId("rows").tBodies[0].replaceChildren(...shown.flatMap((row) => line(row, rows.indexOf(row))));
  if (hadFocus) byId("save").focus(); // not at the page's beginning again
  byId("more").hidden = fitting.length === shown.length;
  byId("more").textContent = words("list.more", { count: number(fitting.length - shown.length) });
}

function showChanges() {
  const made = table.changes.map(({ who, time, added, removed }) =>
    element("li", "", words("list.change", { who, time: digits(new Date(time).toLocaleString()), added: added.map((row) => row[0]).join(", ") || number(0), removed: removed.map((row) => row[0]).join(", ") || number(0) })));
  byId("changes").replaceChildren(...(made.length ? made : [element("li", "more", words("list.no-changes"))]));
}

function show() {
  document.title = `lpr · ${words("list")}`;
  byId("which").hidden = table.names.length < 2;
  byId("names").replaceChildren(...table.names.map((name) => element("option", "", name)));
  byId("names").value = table.name;
  byId("save").disabled = !table.writable;
  showHead();
  showRows();
  showChanges();
}

function take(found) {
  table = found;
  const odd = new Set(found.odd ?? []);
  rows = found.rows.map((cells, place) => ({ cells: [...cells], isOdd: odd.has(place) }));
  isChanged = false;
  show();
}

async function load(name = "") {
  say(words("list.loading"));
  const url = new URL(api);
  if (name) url.searchParams.set("name", name);
  take(await ask(url));
  say(table.writable ? "" : words("list.not-writable"), table.writable ? "" : "bad");
}

// Somebody else has saved meanwhile: what was changed here is done to their list as well, and shown before it is saved.
async function takeTheirs(error) {
  const [before, mine] = [table.rows, rows.map((row) => row.cells)].map((all) => new Map(all.map((cells) => [cells.join("\n"), cells])));
  const url = new URL(api);
  url.searchParams.set("name", table.name);
  const found = await ask(url);
  if (found.columns.join() !== table.columns.join()) return say(error.message, "bad");
  take(found);
  const theirs = new Set(table.rows.map((cells) => cells.join("\n")));
  const added = [...mine].filter(([key]) => !before.has(key) && !theirs.has(key)).map(([, cells]) => ({ cells }));
  rows = [...added, ...rows.filter((row) => mine.has(row.cells.join("\n")) || !before.has(row.cells.join("\n")))];
  isChanged = true;
  showRows();
  say(words("list.merged"), "bad");
}

async function save() {
  if (!isChanged) return say(words("list.unchanged"));
  for (const row of rows) delete row.error;
  rows = rows.filter((row) => row.cells.some((cell) => cell.trim()));
  try {
    take(await ask(api, { name: table.name, stamp: table.stamp, rows: rows.map((row) => row.cells) }));
    say(words("list.saved"), "good");
  } catch (error) {
    if (error.status === 409) return takeTheirs(error);
    if (error.answer?.row !== undefined && error.answer.row !== null) rows[error.answer.row].error = error.message;
    showRows();
    document.querySelector("[aria-invalid]")?.focus();
    say(error.message, "bad");
  }
}

const fail = (error) => say(error.message, "bad");
byId("add").addEventListener("click", () => {
  byId("filter").value = "";
  rows.unshift({ cells: table.columns.map(() => "") });
  changed();
  showRows();
  byId("rows").tBodies[0].querySelector("input").focus();
});
byId("list").addEventListener("submit", (event) => {
  event.preventDefault();
  save().catch(fail);
});
byId("filter").addEventListener("input", showRows);
byId("names").addEventListener("change", () => load(byId("names").value).catch(fail));
window.addEventListener("beforeunload", (event) => {
  if (isChanged) event.preventDefault();
});
addLanguageSwitch(() => table && show());
showWords();
showPages("list", "../").catch(fail);
load().catch(fail);

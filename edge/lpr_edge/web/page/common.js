"use strict";
// What all pages have in common: words in two languages, elements, requests.
const byId = (id) => document.getElementById(id);

const languages = Object.keys(WORDS);
function storedLanguage() {
  try {
    return localStorage.getItem("lpr-language");
  } catch {
    return null; // storage is forbidden
  }
}
let language = storedLanguage() ?? (navigator.language.startsWith("ne") ? "ne" : "en");
if (!languages.includes(language)) language = "en";

// The text of a key, with {name} replaced by values.
function words(key, values = {}) {
  const text = WORDS[language][key] ?? WORDS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

// Browsers may have no Nepali numbers: the digits are written here.
const digits = (text) => (language === "ne" ? text.replace(/\d/g, (digit) => String.fromCharCode(0x966 + Number(digit))) : text);
const number = (value, decimals = 0) => digits(value.toFixed(decimals));

// A count with its noun in the right form.
const counted = (noun, count) => words(count === 1 ? `one.${noun}` : `many.${noun}`, { count: number(count) });

// Elements name their words: data-words is the text, data-words-label what is read aloud, data-words-hint the placeholder.
function showWords() {
  document.documentElement.lang = language;
  for (const each of document.querySelectorAll("[data-words]")) each.textContent = words(each.dataset.words);
  for (const each of document.querySelectorAll("[data-words-label]")) each.setAttribute("aria-label", words(each.dataset.wordsLabel));
  for (const each of document.querySelectorAll("[data-words-alt]")) each.alt = words(each.dataset.wordsAlt);
  for (const each of document.querySelectorAll("[data-words-hint]")) each.placeholder = words(each.dataset.wordsHint);
}

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

// A plate as the vehicle shows it, its rows one after the other.
const plateText = ({ text, rows }) => (rows?.length && rows.join("") === text ? rows.join(" ") : text) || "–";

const isPlaced = (direction) => `way.${direction}` in WORDS.en;

// What concerns the gate: who it is on the list, and which way it went.
function badges({ name, action, isUnlisted, direction }) {
  const listed = [name, action].filter(Boolean).join(" · ");
  return [
    ...(listed ? [element("span", "badge listed", listed)] : isUnlisted ? [element("span", "badge", words("live.unlisted"))] : []),
    ...(isPlaced(direction) ? [element("span", "badge", words(`way.${direction}`))] : []),
  ];
}

class Refused extends Error {
  constructor(answer, status) {
    super(answer.error);
    this.answer = answer;
    this.status = status;
  }
}

async function ask(url, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Lpr": "1" },
    body: JSON.stringify(body),
  };
  const answer = await fetch(url, options);
  const isJson = (answer.headers.get("Content-Type") ?? "").startsWith("application/json");
  const found = isJson ? await answer.json() : { error: await answer.text() };
  if (!answer.ok) throw new Refused(found, answer.status);
  return found;
}

function say(text, className = "") {
  delete byId("state").dataset.words; // it isn't what the page began with any more
  byId("state").textContent = text;
  byId("state").className = className;
}

// The switch shows the other language's own name.
function addLanguageSwitch(changed) {
  const button = element("button", "language");
  button.type = "button";
  const show = () => {
    const other = languages.find((each) => each !== language);
    button.textContent = WORDS[other].language;
    button.lang = other;
  };
  button.addEventListener("click", () => {
    language = languages.find((each) => each !== language);
    try {
      localStorage.setItem("lpr-language", language);
    } catch {
      // it holds for this page alone
    }
    show();
    showWords();
    changed();
  });
  show();
  byId("pages").before(button);
}

// The pages that the device has, with the current one marked.
function showTabs(names, current, top) {
  if (byId("pages").dataset.shown === names.join()) return;
  byId("pages").dataset.shown = names.join();
  byId("pages").replaceChildren(...["live", ...names].map((name) => {
    const link = element("a", "", words(`tab.${name}`));
    link.dataset.words = `tab.${name}`;
    link.href = new URL(name === "live" ? top : `${top}${name}/`, location.origin + location.pathname);
    if (name === current) link.setAttribute("aria-current", "page");
    return link;
  }));
}

async function showPages(current, top) {
  showTabs((await ask(new URL(`${top}state.json`, location.origin + location.pathname))).pages, current, top);
}

"use strict";
// Sorting, filtering and searching; the page is whole without it.
for (const table of document.querySelectorAll("table.find")) {
  // A row of the table is a body of its own where a second line, its panel, goes with it.
  const several = table.tBodies.length > 1, rows = several ? [...table.tBodies] : [...table.tBodies[0].rows];
  const heads = [...table.tHead.rows[0].cells];
  const text = (row, place) => (several ? row.rows[0] : row).cells[place].textContent.trim();
  const tools = document.createElement("div"), count = document.createElement("output");
  tools.className = "tools";
  const wanted = new Map();
  const show = () => {
    let shown = 0;
    for (const row of rows) {
      row.hidden = ![...wanted].every(([place, word]) => !word || (place < 0 ? row.textContent.toLowerCase().includes(word.toLowerCase()) : text(row, place) === word));
      shown += !row.hidden;
    }
    count.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} rows`;
  };
  const labelled = (words, control) => {
    const label = document.createElement("label");
    label.append(words + " ", control);
    tools.append(label);
  };
  const search = document.createElement("input");
  search.type = "search";
  search.addEventListener("input", () => { wanted.set(-1, search.value.trim()); show(); });
  labelled("Search", search);
  for (const place of (table.dataset.filter || "").split(" ").filter(Boolean).map(Number)) {
    const select = document.createElement("select");
    select.append(new Option("all", ""));
    for (const word of [...new Set(rows.map(row => text(row, place)))].filter(Boolean).sort()) select.append(new Option(word));
    select.addEventListener("change", () => { wanted.set(place, select.value); show(); });
    labelled(heads[place].textContent, select);
  }
  tools.append(count);
  table.closest(".scroll").before(tools);
  heads.forEach((head, place) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach(one => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const number = row => parseFloat(text(row, place).replace("−", "-"));
      const numeric = head.classList.contains("n");
      rows.sort((a, b) => {
        const [x, y] = numeric ? [number(a), number(b)] : [text(a, place), text(b, place)];
        if (numeric && (isNaN(x) || isNaN(y))) return isNaN(x) - isNaN(y);
        return (numeric ? x - y : x.localeCompare(y, "en")) * (down ? -1 : 1);
      });
      (several ? table : table.tBodies[0]).append(...rows);
    });
  });
}
// A link to a row opens what hides it, and the row's own panel; a search that hides it ends.
const reveal = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
  const body = target.closest("tbody");
  if (body) body.hidden = target.hidden = false;
  const panel = target.querySelector("details.panel");
  if (panel) panel.open = true;
  // A row stands in the middle; what has a heading begins with it.
  target.scrollIntoView({ block: target.matches("section") || target.offsetHeight > innerHeight / 2 ? "start" : "center" });
};
addEventListener("hashchange", reveal);
reveal();
// Paper has no clicks: everything is open while printing.
let opened = [];
addEventListener("beforeprint", () => { opened = [...document.querySelectorAll("details:not([open])")]; opened.forEach(one => { one.open = true; }); });
addEventListener("afterprint", () => opened.forEach(one => { one.open = false; }));

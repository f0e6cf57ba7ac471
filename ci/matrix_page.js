
/* SPDX-License-Identifier: ISC
   Filters the tables and shows the detail of a cell in front of them.  The view is in the address behind the "#":
   side, protocol, level, q, verdict, program (commas), differs, show (CASE or CASE@PROGRAM).  An address without "=" is a
   plain place of the page.  Text goes to the page as text only (textContent, cloneNode), never as HTML. */
"use strict";
(() => {
const $ = id => document.getElementById(id);
const all = (e, s) => Array.from(e.querySelectorAll(s));
const form = $("filters"), dialog = $("dialog"), NOT_JUDGED = ["SKIP", "ERROR"];
const KEYS = ["side", "protocol", "level", "q", "verdict", "program", "differs", "show"];

/* ---- what is in the page ---- */
const tables = all(document, "table.m").map(table => {
	const programs = all(table.tHead, "th").map(th => th.dataset.program);
	const rows = all(table, "tbody tr[data-case]").map(tr => ({
		tr, id: tr.dataset.case, words: tr.dataset.case.toLowerCase(), level: tr.cells[1].textContent,
		cells: Array.from(tr.cells).slice(2).map((td, i) => ({ td, program: programs[i + 2], a: td.firstElementChild,
			verdict: td.firstElementChild ? td.firstElementChild.firstChild.data.trim() : "" })) }));
	return { table, box: table.parentElement, programs, rows, heads: all(table.tHead, "th"), groups: Array.from(table.tBodies),
		side: table.dataset.side, protocol: table.dataset.protocol };
});
const cells = new Map(); /* case -> cells */
for (const t of tables) for (const r of t.rows) for (const c of r.cells) if (c.a) {
	c.row = r;
	if (!cells.has(r.id)) cells.set(r.id, []);
	cells.get(r.id).push(c);
}
const quoted = s => encodeURIComponent(s).replace(/[!'()*]/g, c => "%" + c.charCodeAt(0).toString(16).toUpperCase());
const key = (id, program) => /* the id of a detail without its "c/" */
	quoted(id).replace(/%2F/g, "/") + (program === undefined ? "" : "@" + quoted(program));

/* ---- the view in the address ---- */
let view = {};
const pack = v => encodeURIComponent(v).replace(/%2F/g, "/").replace(/%40/g, "@");
function address(v) {
	const s = KEYS.filter(k => v[k] && v[k].length).map(k => k + "=" + [].concat(v[k]).map(pack).join(",")).join("&");
	return "#" + (s || "all=");
}
function read() {
	const hash = location.hash.slice(1), v = {};
	if (!hash.includes("=")) {
		if (hash.startsWith("c/")) v.show = hash.slice(2);
		return v;
	}
	for (const part of hash.split("&")) {
		const at = part.indexOf("="), k = part.slice(0, at);
		if (!KEYS.includes(k)) continue;
		try {
			const list = part.slice(at + 1).split(",").map(decodeURIComponent).filter(Boolean);
			v[k] = k === "verdict" || k === "program" ? list : list.join(",");
		} catch { /* no such octets: as if it were not there */ }
	}
	return v;
}
function toForm() {
	for (const e of form.elements) {
		if (!e.name) continue;
		if (e.name === "differs") e.checked = view.differs === "1";
		else if (e.type === "checkbox") e.checked = (view[e.name] || []).includes(e.value);
		else { e.value = view[e.name] || ""; if (e.value !== (view[e.name] || "")) { e.value = ""; delete view[e.name]; } }
	}
	if ((view.program || []).length) form.querySelector("details").open = true;
}
function fromForm() {
	const d = new FormData(form), v = { show: view.show };
	for (const k of ["side", "protocol", "level"]) v[k] = d.get(k);
	v.q = d.get("q").trim();
	for (const k of ["verdict", "program"]) v[k] = d.getAll(k);
	v.differs = d.get("differs") ? "1" : "";
	return v;
}

/* ---- filters ---- */
function wanted(r, columns) {
	const cs = r.cells.filter((c, i) => c.a && columns[i]);
	if (!cs.length || view.level && r.level !== view.level) return false;
	if (view.q && !view.q.toLowerCase().split(/\s+/).every(w => r.words.includes(w))) return false;
	if (view.verdict && view.verdict.length && !cs.some(c => view.verdict.includes(c.verdict))) return false;
	return !view.differs || new Set(cs.map(c => c.verdict).filter(v => !NOT_JUDGED.includes(v))).size > 1;
}
function apply() {
	let rows = 0, shown = 0;
	const cases = new Set();
	for (const t of tables) {
		const here = (!view.side || view.side === t.side) && (!view.protocol || view.protocol === t.protocol);
		const columns = t.programs.slice(2).map(p => !(view.program || []).length || view.program.includes(p));
		let n = 0;
		for (const r of t.rows) {
			const on = here && wanted(r, columns);
			r.tr.hidden = !on;
			if (!on) continue;
			n++;
			cases.add(r.id);
			r.cells.forEach((c, i) => { c.td.hidden = !columns[i]; if (c.a && columns[i]) shown++; });
		}
		t.heads.forEach((th, i) => { if (i > 1) th.hidden = !columns[i - 2]; });
		for (const g of t.groups) {
			g.hidden = !all(g, "tr[data-case]").some(tr => !tr.hidden);
			g.rows[0].cells[0].colSpan = 2 + columns.filter(Boolean).length;
		}
		t.box.hidden = !n;
		rows += n;
		stop(t);
	}
	for (const side of ["server", "client"]) $("h-" + side).parentElement.hidden = !tables.some(t => t.side === side && !t.box.hidden);
	$("nothing").hidden = rows > 0;
	const text = `${rows} rows, ${shown} cells`;
	if ($("count").textContent !== text) $("count").textContent = text;
	for (const a of all($("details"), "article")) a.hidden = !cases.has(a.firstElementChild.textContent); /* for paper */
}

/* ---- keyboard: one stop for the tab key in each table, arrows inside ---- */
const links = tr => Array.from(tr.cells).filter(c => !c.hidden).map(c => c.querySelector("a"));
function stop(t, a) {
	const row = t.rows.find(r => !r.tr.hidden);
	const next = a || (t.stop && t.stop.offsetParent ? t.stop : row && row.tr.cells[0].firstElementChild);
	if (t.stop) t.stop.tabIndex = -1;
	if (next) next.tabIndex = 0;
	t.stop = next;
}
function move(t, a, k) {
	const rows = t.rows.filter(r => !r.tr.hidden).map(r => r.tr), y = rows.indexOf(a.closest("tr")), line = links(rows[y]), x = line.indexOf(a);
	let found;
	if (k === "ArrowRight") found = line.slice(x + 1).find(Boolean);
	if (k === "ArrowLeft") found = line.slice(0, x).reverse().find(Boolean);
	if (k === "Home") found = line[0];
	if (k === "End") found = line.slice().reverse().find(Boolean);
	if (k === "ArrowDown") for (let i = y + 1; i < rows.length && !found; i++) found = links(rows[i])[x];
	if (k === "ArrowUp") for (let i = y - 1; i >= 0 && !found; i--) found = links(rows[i])[x];
	if (found) { stop(t, found); found.focus(); }
}
for (const t of tables) {
	for (const r of t.rows) for (const a of links(r.tr)) if (a) a.tabIndex = -1;
	t.table.addEventListener("keydown", e => {
		const a = e.target.closest("tbody a");
		if (!a || e.ctrlKey || e.altKey || e.metaKey || e.shiftKey) return;
		if (e.key === " ") a.click();
		else if (/^(Arrow|Home$|End$)/.test(e.key)) move(t, a, e.key);
		else return;
		e.preventDefault();
	});
	t.table.addEventListener("click", e => {
		const a = e.target.closest("tbody a");
		if (!a || e.ctrlKey || e.metaKey || e.shiftKey) return;
		e.preventDefault();
		stop(t, a);
		const tr = a.closest("tr"), td = a.closest("td");
		go(key(tr.dataset.case, td ? t.programs[td.cellIndex] : undefined));
	});
}

/* ---- the detail ---- */
function make(tag, text, cls) {
	const e = document.createElement(tag);
	if (text !== undefined) e.textContent = text;
	if (cls) e.className = cls;
	return e;
}
function copy(e) { /* without its ids, which are those of the page */
	const c = e.cloneNode(true);
	for (const x of [c, ...all(c, "[id]")]) x.removeAttribute("id");
	return c;
}
function lines(text, n) {
	const pre = make("pre", undefined, "trace");
	text.split("\n").forEach((l, i) => pre.append(i + 1 === n ? make("mark", l) : l, "\n"));
	return pre;
}
function fill(article, cell, entry) {
	const body = $("dialog-body"), id = article.firstElementChild.textContent, old = make("div");
	old.append(copy(article.querySelector(".title")));
	if (cell) {
		old.append(make("h3", cell.program));
		if (entry) {
			const ul = make("ul", undefined, "results");
			ul.append(copy(entry));
			old.append(ul);
		} else old.append(make("p", `${cell.a.textContent}: as the trace wants it`));
	}
	old.append(make("h3", "The case"), copy(article.querySelector("dl")), make("h3", "Its trace"));
	const at = entry && entry.querySelector(".line");
	old.append(lines(article.querySelector("pre.trace").textContent, at ? Number(at.textContent) : 0));
	const ul = make("ul", undefined, "others"), others = (cells.get(id) || []).filter(c => c !== cell);
	for (const c of others) {
		const a = make("a", `${c.program}: ${c.a.textContent}`), li = make("li");
		a.href = address({ ...view, show: key(id, c.program) });
		li.append(a);
		ul.append(li);
	}
	if (others.length) old.append(make("h3", cell ? "The other programs" : "The programs"), ul);
	$("dialog-title").textContent = id;
	body.replaceChildren(...old.childNodes);
}
function show() {
	const s = view.show || "", at = s.lastIndexOf("@"), article = s && $("c/" + (at < 0 ? s : s.slice(0, at)));
	const id = article && article.tagName === "ARTICLE" && article.firstElementChild.textContent;
	const cell = at >= 0 && id && (cells.get(id) || []).find(c => key(id, c.program) === s);
	if (!id || at >= 0 && !cell) {
		if (dialog.open) dialog.close();
		return;
	}
	const span = cell && $("c/" + s);
	fill(article, cell, span && span.closest("li"));
	if (!dialog.open) dialog.showModal();
	dialog.scrollTop = 0;
	$("dialog-title").focus();
}
function go(s) {
	view.show = s;
	history.pushState(null, "", address(view));
	show();
}
$("close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", e => { if (e.target === dialog) dialog.close(); });
dialog.addEventListener("close", () => {
	const s = view.show;
	if (s) { /* not when the address has changed already */
		view.show = "";
		history.replaceState(null, "", address(view));
	}
	const at = s ? s.lastIndexOf("@") : -1; /* back to the cell that was shown last */
	for (const t of tables) for (const r of t.rows) if (s && !r.tr.hidden)
		for (const c of r.cells) if (c.a && !c.td.hidden && key(r.id, at < 0 ? undefined : c.program) === s) {
			const a = at < 0 ? r.tr.cells[0].firstElementChild : c.a;
			stop(t, a);
			a.focus();
			return;
		}
});

/* ---- begin ---- */
function fresh() {
	const plain = location.hash && !location.hash.includes("=") && !location.hash.startsWith("#c/");
	if (plain) return; /* a place of the page: the browser goes there */
	view = read();
	toForm();
	apply();
	show();
}
function changed() {
	view = fromForm();
	history.replaceState(null, "", address(view));
	apply();
}
for (const e of ["input", "change"]) form.addEventListener(e, changed); /* some send but one of them for a list */
form.addEventListener("submit", e => e.preventDefault());
form.addEventListener("reset", e => {
	e.preventDefault();
	view = {};
	toForm();
	changed();
});
addEventListener("hashchange", fresh);
document.documentElement.classList.add("js");
document.querySelector(".legend").open = innerWidth > 640;
form.hidden = false;
apply();
fresh();
})();

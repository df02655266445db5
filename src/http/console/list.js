/* A long list of which only the rows in view are in the page. Rows are of one height, told
 * by the style sheet (--row); the window scrolls. A grid for readers of the screen, with one
 * row in the order of the tabulator: arrows move, Enter opens. */

import {el, perFrame} from '/dom.js';

const BEYOND = 8; // rows kept ready above and below

export class WindowedList {
    /* columns: [{name, title, sort}]; key(item); make() gives {row, show(item)}; open(item);
     * sorted(column) when a title with `sort` is clicked. */
    constructor({label, kind, columns, key, make, open, sorted, leave}) {
        Object.assign(this, {key, make, open, leave});
        this.items = [];
        this.rows = new Map(); // key -> {row, show, item}
        this.active = null;
        this.titles = new Map();
        this.head = el('div', {class: 'row head', role: 'row', 'aria-rowindex': 1},
            columns.map((column) => this.title(column, sorted)));
        this.body = el('div', {class: 'rows', role: 'rowgroup'});
        this.root = el('div', {
            class: `list ${kind}`, role: 'grid', 'aria-label': label,
            'aria-colcount': columns.length,
        }, el('div', {role: 'rowgroup', class: 'heads'}, this.head), this.body);
        this.body.addEventListener('keydown', (event) => this.pressed(event));
        this.body.addEventListener('click', (event) => this.clicked(event));
        this.body.addEventListener('focusin', (event) => this.focused(event));
        this.redraw = perFrame(() => this.draw());
        this.watch = () => this.redraw();
    }

    title(column, sorted) {
        const cell = el('div', {role: 'columnheader', class: `cell ${column.name}`});
        if (column.sort) {
            cell.append(el('button', {
                type: 'button', class: 'sort', on: {click: () => sorted(column.name)},
            }, column.title));
            this.titles.set(column.name, cell);
        } else {
            cell.append(column.title);
        }
        return cell;
    }

    showSort(name, descending) {
        for (const [column, cell] of this.titles) {
            if (column === name)
                cell.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
            else
                cell.removeAttribute('aria-sort');
        }
    }

    attach() {
        addEventListener('scroll', this.watch, {passive: true});
        addEventListener('resize', this.watch);
        this.redraw();
    }

    detach() {
        removeEventListener('scroll', this.watch);
        removeEventListener('resize', this.watch);
    }

    set(items) {
        const at = this.activeIndex();
        this.items = items;
        if (this.active !== null && this.activeIndex() < 0)
            this.lost(at);
        this.draw();
    }

    /* The active row went away: its neighbour takes its place, and the focus. */
    lost(at) {
        const had = this.rows.get(this.active)?.row.contains(document.activeElement);
        const next = this.items[Math.min(Math.max(at, 0), this.items.length - 1)];
        this.active = next ? this.key(next) : null;
        if (had && next)
            requestAnimationFrame(() => this.focus(true));
    }

    activeIndex() {
        if (this.active === null)
            return -1;
        return this.items.findIndex((item) => this.key(item) === this.active);
    }

    /* First and last row in view, with some beyond. */
    range() {
        this.height = parseFloat(getComputedStyle(this.root).getPropertyValue('--row')) || 48;
        const box = this.body.getBoundingClientRect();
        const first = Math.floor(-box.top / this.height) - BEYOND;
        const last = Math.ceil((innerHeight - box.top) / this.height) + BEYOND;
        return [Math.max(0, first), Math.min(this.items.length, Math.max(0, last))];
    }

    shown() {
        const [first, last] = this.range();
        return this.items.slice(first, last);
    }

    draw() {
        if (!this.root.isConnected)
            return;
        const [first, last] = this.range();
        this.body.style.height = `${this.items.length * this.height}px`;
        this.root.setAttribute('aria-rowcount', this.items.length + 1);
        const wanted = [];
        for (let n = first; n < last; n++)
            wanted.push(n);
        const active = this.activeIndex();
        if (active >= 0 && (active < first || active >= last) &&
            this.body.contains(document.activeElement))
            wanted[active < first ? 'unshift' : 'push'](active); // keeps the focus
        this.place(wanted, active >= 0 ? active : first);
    }

    place(wanted, tabbed) {
        const kept = new Map();
        let before = null;
        for (const n of wanted) {
            const item = this.items[n];
            const row = this.row(item);
            kept.set(this.key(item), row);
            row.row.style.transform = `translateY(${n * this.height}px)`;
            row.row.setAttribute('aria-rowindex', n + 2);
            row.row.tabIndex = n === tabbed ? 0 : -1;
        }
        for (const [key, row] of this.rows)
            if (!kept.has(key))
                row.row.remove();
        for (const row of kept.values()) {
            const place = before ? before.nextSibling : this.body.firstChild;
            if (place !== row.row)
                this.body.insertBefore(row.row, place);
            before = row.row;
        }
        this.rows = kept;
    }

    row(item) {
        const key = this.key(item);
        let row = this.rows.get(key);
        if (!row) {
            row = this.make();
            row.row.dataset.key = key;
            row.row.setAttribute('role', 'row');
        }
        if (row.item !== item) {
            row.show(item, row.item);
            row.item = item;
        }
        return row;
    }

    /* Of rows in view: what passes with time. */
    tick(work) {
        for (const row of this.rows.values())
            work(row);
    }

    /* ---- keys and mouse */

    itemOf(target) {
        const row = target.closest('[data-key]');
        return row ? this.rows.get(row.dataset.key)?.item : undefined;
    }

    clicked(event) {
        const item = this.itemOf(event.target);
        if (!item || event.target.closest('button') || event.ctrlKey || event.metaKey ||
            event.shiftKey || String(getSelection()))
            return;
        event.preventDefault();
        this.open(item);
    }

    focused(event) {
        const item = this.itemOf(event.target);
        if (item && this.key(item) !== this.active) {
            this.active = this.key(item);
            this.redraw();
        }
    }

    pressed(event) {
        const at = this.activeIndex();
        const page = Math.max(1, Math.floor(innerHeight / this.height) - 3);
        const to = {
            ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page,
            Home: 0, End: this.items.length - 1,
        }[event.key];
        if (event.altKey || event.ctrlKey || event.metaKey)
            return;
        if (to !== undefined) {
            event.preventDefault();
            if (event.key === 'ArrowUp' && at === 0)
                this.leave?.();
            else
                this.go(to);
        } else if (event.key === 'Enter' && !event.target.closest('button')) {
            event.preventDefault();
            const item = this.itemOf(event.target);
            if (item)
                this.open(item);
        } else if (event.key === 'Escape') {
            this.leave?.();
        }
    }

    go(to) {
        if (!this.items.length)
            return;
        const n = Math.min(Math.max(to, 0), this.items.length - 1);
        this.active = this.key(this.items[n]);
        this.reveal(n);
        this.draw();
        this.focus();
    }

    focus(draw = false) {
        if (draw)
            this.draw();
        const row = this.rows.get(this.active);
        row?.row.focus({preventScroll: true});
    }

    enter() {
        this.go(Math.max(0, this.activeIndex()));
    }

    /* Scrolls no further than needed; the titles stay above. */
    reveal(n) {
        this.range();
        const above = this.head.getBoundingClientRect();
        const free = Math.max(above.bottom, document.querySelector('.top').offsetHeight);
        const top = this.body.getBoundingClientRect().top + n * this.height;
        if (top < free)
            scrollBy(0, top - free);
        else if (top + this.height > innerHeight)
            scrollBy(0, top + this.height - innerHeight + 8);
    }
}

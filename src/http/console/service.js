/* One service: its instances, live through the service's event stream. Heartbeats are no
 * events, so the leases of what is in view are read again every few seconds. */

import {el, searchBox, announce, perFrame, setText} from '/dom.js';
import {get, instancePath, servicePath} from '/api.js';
import {number, plural} from '/format.js';
import {WindowedList} from '/list.js';
import {EventStream, tellConnection} from '/stream.js';
import {addressWords, extraWords, instanceRow, leaseLeft, standing} from '/instance_row.js';
import {instanceSheet} from '/instance_sheet.js';
import {busy, steer} from '/steer.js';
import {zoneOf} from '/status.js';

const READ_AGAIN_MS = 4000;
const WHOLE_MAX = 200; // more instances than that are read one by one, those in view
const AT_ONCE = 4;

const byId = (a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
const leaseOf = (i) => leaseLeft(i) ?? Infinity;
const orders = {
    id: byId,
    status: (a, b) => a.live - b.live || standing(a)[1].localeCompare(standing(b)[1]) || byId(a, b),
    weight: (a, b) => b.weight - a.weight || byId(a, b),
    zone: (a, b) => (a.zone ?? '').localeCompare(b.zone ?? '') || byId(a, b),
    version: (a, b) => (a.version ?? '').localeCompare(b.version ?? '') || byId(a, b),
    lease: (a, b) => leaseOf(a) - leaseOf(b) || byId(a, b),
};
const sorts = [['id', 'Name'], ['status', 'Not live first'], ['weight', 'Heaviest first'],
    ['lease', 'Shortest lease first'], ['zone', 'Zone'], ['version', 'Version']];

const columns = [
    {name: 'id', title: 'Instance', sort: true}, {name: 'status', title: 'Status', sort: true},
    {name: 'weight', title: 'Weight', sort: true}, {name: 'address', title: 'Address'},
    {name: 'version', title: 'Version', sort: true}, {name: 'zone', title: 'Zone', sort: true},
    {name: 'extra', title: 'Tags and metadata'}, {name: 'owner', title: 'Owner'},
    {name: 'lease', title: 'Lease', sort: true}, {name: 'act', title: ''},
];

/* What a search looks through. */
function textOf(instance) {
    instance.text ??= [instance.id, standing(instance)[1], ...(instance.addresses ?? []),
        addressWords(instance), instance.version, instance.zone, instance.region,
        instance.cluster, instance.owner, extraWords(instance),
        ...(instance.ports ?? []).map((p) => `${p.name} ${p.number}`)].join(' ').toLowerCase();
    return instance.text;
}

/* The instances as the stream tells them. */
class Members {
    constructor() {
        this.all = new Map();
        this.coming = [];
        this.index = 0;
        this.known = null; // null: not told yet
        this.live = 0;
        this.stale = 0;
    }

    /* True when there is something new to show. */
    take(name, data) {
        if (name === 'state')
            return this.takeState(data);
        if (name === 'change')
            return this.takeChange(data);
        return false;
    }

    takeState(data) {
        if (data.part === 1 || data.part === undefined)
            this.coming = [];
        this.coming.push(...(data.instances ?? []));
        if (data.last === false)
            return false;
        this.all = new Map();
        this.coming.forEach((instance) => this.tell(instance));
        this.coming = [];
        this.settle(data);
        return true;
    }

    takeChange(data) {
        if (data.previous > this.index)
            throw new Error('a change is missing');
        for (const instance of data.instances ?? [])
            this.tell(instance);
        for (const gone of data.gone ?? [])
            this.all.delete(gone.id);
        this.settle(data);
        return true;
    }

    put(instance) {
        instance.received = performance.now();
        this.all.set(instance.id, instance);
    }

    /* By the stream. */
    tell(instance) {
        this.put(instance);
        instance.told = instance.received;
    }

    /* A new reading of one that is known: time went on, or more. What the stream told after the
     * question (`asked`) is perhaps newer. */
    reread(instance, asked) {
        const before = this.all.get(instance.id);
        if (!before || before.told > asked)
            return;
        instance.told = before.told;
        instance.renewed = before.dirty_ms === instance.dirty_ms &&
            before.status === instance.status && before.weight === instance.weight;
        this.put(instance);
    }

    settle(data) {
        this.index = data.index;
        this.known = data.known ?? true;
        this.count();
    }

    count() {
        this.live = 0;
        this.stale = 0;
        for (const instance of this.all.values()) {
            this.live += instance.live ? 1 : 0;
            this.stale += instance.stale ? 1 : 0;
        }
    }
}

/* Reads the leases of what is in view again, every few seconds. */
function rereader(service, members, list, refresh) {
    let timer = null;
    let closed = false;
    const abort = new AbortController();

    async function whole() {
        const path = `${servicePath(service.namespace, service.name)}&limit=${WHOLE_MAX}`;
        const asked = performance.now();
        const data = await get(path, {signal: abort.signal});
        data.instances.forEach((instance) => members.reread(instance, asked));
    }
    async function inView() {
        const left = list.shown().slice(0, 60);
        const one = async () => {
            for (let item; (item = left.pop());) {
                const asked = performance.now();
                const path = instancePath(service.namespace, service.name, item.id);
                members.reread(await get(path, {signal: abort.signal}), asked);
            }
        };
        await Promise.allSettled(Array.from({length: AT_ONCE}, one));
    }
    async function turn() {
        try {
            if (!document.hidden && members.all.size) {
                await (members.all.size <= WHOLE_MAX ? whole() : inView());
                members.count();
                refresh();
            }
        } catch {
            // the stream's own state says that the server is away
        }
        if (!closed)
            timer = setTimeout(turn, READ_AGAIN_MS);
    }
    timer = setTimeout(turn, READ_AGAIN_MS);
    return {
        soon: () => {
            clearTimeout(timer);
            timer = setTimeout(turn, 50);
        },
        close: () => {
            closed = true;
            clearTimeout(timer);
            abort.abort();
        },
    };
}

function summary(service, members) {
    const total = members.all.size;
    if (members.known === null)
        return 'Waiting for the server';
    if (!members.known)
        return `Nobody has registered as ${service.name} in ${service.namespace}.`;
    if (!total)
        return 'Known, with no instance registered now.';
    const stale = members.stale ? `, ${number(members.stale)} stale` : '';
    return `${number(members.live)} of ${plural(total, 'instance')} live${stale}`;
}

export function servicePage(ns, name) {
    const service = {namespace: ns, name};
    const members = new Members();
    const view = {search: '', sort: 'id', descending: false, sheet: null, said: ''};

    const line = el('p', {class: 'summary', id: 'summary'});
    const count = el('span', {class: 'count', id: 'count'});
    const empty = el('p', {class: 'empty', id: 'empty'});
    const lookup = el('a', {class: 'button', id: 'to-lookup', href: '#/lookup'}, 'Look up in DNS');

    const act = async (instance, action, value) => {
        const ok = await steer(service, instance, action, value, members.live);
        if (ok)
            again.soon();
        return ok;
    };
    const list = new WindowedList({
        label: 'Instances', kind: 'instances', columns, key: (i) => i.id,
        make: () => instanceRow((i, action, node) => busy(node, () => act(i, action))),
        open: (instance) => openSheet(instance),
        sorted: (column) => order(column, view.sort === column && !view.descending),
        leave: () => search.focus(),
    });
    const search = searchBox('Search instances', '', (words) => {
        view.search = words;
        refresh();
    }, () => list.enter());
    const sort = el('select', {
        class: 'narrow-only', 'aria-label': 'Order', on: {change: () => order(sort.value, false)},
    }, sorts.map(([value, words]) => el('option', {value}, words)));

    function order(column, descending) {
        view.sort = column;
        view.descending = descending;
        sort.value = column;
        list.showSort(column, descending);
        refresh();
    }

    function openSheet(instance) {
        view.sheet = instanceSheet(instance, act, () => {
            view.sheet = null;
            list.active = instance.id;
            list.focus(true);
        });
    }

    function selected() {
        const words = view.search.split(/\s+/).filter(Boolean);
        const items = [...members.all.values()]
            .filter((i) => words.every((word) => textOf(i).includes(word)))
            .sort(orders[view.sort]);
        return view.descending ? items.reverse() : items;
    }

    const refresh = perFrame(() => {
        const items = selected();
        const total = members.all.size;
        const words = summary(service, members);
        const zone = zoneOf(ns);
        setText(line, words);
        if (view.said && view.said !== words)
            announce(`${name}: ${words}`);
        view.said = words;
        list.root.hidden = items.length === 0;
        list.set(items);
        setText(count, members.known === null ? '' : items.length === total
            ? plural(total, 'instance') : `${number(items.length)} of ${number(total)}`);
        empty.hidden = items.length > 0 || members.known === null;
        setText(empty, total ? 'No instance matches.' : 'No instances.');
        root.dataset.known = members.known ?? '';
        lookup.hidden = !zone;
        if (zone)
            lookup.href = `#/lookup?name=${encodeURIComponent(`${name}.${zone}`)}&type=SRV`;
        view.sheet?.update(members.all.get(view.sheet.id) ?? null);
    });

    const root = el('div', {class: 'page'},
        el('nav', {class: 'crumbs', 'aria-label': 'Where'},
            el('a', {href: '#/'}, 'Services'), ' / ', el('span', {}, ns)),
        el('div', {class: 'title'}, el('h1', {tabindex: -1}, name), lookup),
        line,
        el('div', {class: 'bar'}, search, sort, count),
        list.root, empty);

    const again = rereader(service, members, list, refresh);
    const clock = setInterval(() => {
        list.tick((row) => row.tick());
        view.sheet?.tick();
    }, 1000);
    const stream = new EventStream(servicePath(ns, name), null, {
        event: (event, data) => {
            if (members.take(event, data))
                refresh();
        },
        state: (state, words, status) => {
            tellConnection(status === 404 ? 'open' : state, words);
            if (status === 404) {
                members.all.clear();
                members.known = false;
                members.count();
                refresh();
            }
        },
    });
    list.showSort('id', false);

    return {
        root, title: name, search, retry: () => stream.retry(),
        shown: () => {
            list.attach();
            refresh();
        },
        close: () => {
            clearInterval(clock);
            again.close();
            stream.close();
            list.detach();
        },
    };
}

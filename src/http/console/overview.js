/* The services, and how the server fares. What the stream told is kept while other pages are
 * shown, so that coming back costs only what changed. */

import {el, searchBox, announce, perFrame, setText} from '/dom.js';
import {number, plural} from '/format.js';
import {WindowedList} from '/list.js';
import {EventStream, tellConnection} from '/stream.js';
import {statusLine} from '/tiles.js';
import {hashOf, keyOf, serviceRow, shareOf} from '/service_row.js';

const model = {
    services: new Map(),
    coming: [], // parts of a whole state
    lastId: null,
    index: 0,
    known: false,
    search: '',
    ns: '',
    sort: 'name',
    descending: false,
    scroll: 0,
};

const byText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const byName = (a, b) => byText(a.name, b.name) || byText(a.namespace, b.namespace);

const orders = {
    name: byName,
    namespace: (a, b) => byText(a.namespace, b.namespace) || byText(a.name, b.name),
    live: (a, b) => shareOf(a) - shareOf(b) || b.instances - a.instances || byName(a, b),
    instances: (a, b) => b.instances - a.instances || byName(a, b),
    changed: (a, b) => b.index - a.index || byName(a, b),
};

const sorts = [
    ['name', 'Name'], ['namespace', 'Namespace'], ['live', 'Trouble first'],
    ['instances', 'Most instances first'], ['changed', 'Changed last, first'],
];

/* ---- what the stream tells ------------------------------------------------------- */

function takeState(data) {
    if (data.part === 1 || data.part === undefined)
        model.coming = [];
    model.coming.push(...data.services);
    if (data.last === false)
        return false;
    model.services = new Map(model.coming.map((service) => [keyOf(service), service]));
    model.coming = [];
    model.index = data.index;
    model.known = true;
    return true;
}

function takeChange(data) {
    if (data.previous > model.index)
        throw new Error('a change is missing');
    for (const service of data.services ?? [])
        model.services.set(keyOf(service), service);
    for (const gone of data.gone ?? [])
        model.services.delete(keyOf(gone));
    model.index = data.index;
    tell(data);
    return true;
}

function tell(data) {
    const changed = data.services ?? [];
    if (changed.length === 1)
        announce(`${changed[0].name}: ${changed[0].live} of ` +
            `${plural(changed[0].instances, 'instance')} live`);
    else if (changed.length > 1)
        announce(`${plural(changed.length, 'service')} changed`);
    else if (data.gone?.length)
        announce(`${plural(data.gone.length, 'service')} gone`);
}

function selected() {
    const words = model.search.split(/\s+/).filter(Boolean);
    const list = [];
    for (const service of model.services.values())
        if ((!model.ns || service.namespace === model.ns) &&
            words.every((word) => service.name.includes(word) || service.namespace.includes(word)))
            list.push(service);
    list.sort(orders[model.sort]);
    return model.descending ? list.reverse() : list;
}

/* ---- the page -------------------------------------------------------------------- */

function sortBox(changed) {
    const box = el('select', {
        class: 'narrow-only', 'aria-label': 'Order',
        on: {change: () => changed(box.value, false)},
    }, sorts.map(([value, words]) => el('option', {value}, words)));
    box.value = model.sort;
    return box;
}

function namespaceBox(changed) {
    const box = el('select', {
        'aria-label': 'Namespace', id: 'namespace', hidden: true,
        on: {change: () => changed(box.value)},
    });
    let shown = '';
    const update = () => {
        const names = [...new Set([...model.services.values()].map((s) => s.namespace))].sort();
        if (names.join('\n') === shown)
            return;
        shown = names.join('\n');
        box.replaceChildren(el('option', {value: ''}, 'All namespaces'),
            ...names.map((name) => el('option', {value: name}, name)));
        box.hidden = names.length < 2 && !model.ns;
        if (model.ns && !names.includes(model.ns))
            box.append(el('option', {value: model.ns}, model.ns));
        box.value = model.ns;
    };
    return {box, update};
}

function emptyWords(total) {
    if (!model.known)
        return 'Waiting for the server';
    if (total)
        return 'No service matches.';
    return 'Nothing is registered yet.';
}

export function overview() {
    const count = el('span', {class: 'count', id: 'count'});
    const empty = el('p', {class: 'empty', id: 'empty'});
    const list = new WindowedList({
        label: 'Services', kind: 'services', key: keyOf, make: serviceRow,
        columns: [
            {name: 'name', title: 'Service', sort: true},
            {name: 'namespace', title: 'Namespace', sort: true},
            {name: 'live', title: 'Live', sort: true},
            {name: 'instances', title: 'Instances', sort: true},
            {name: 'words', title: 'State'},
        ],
        open: (service) => {
            location.hash = hashOf(service);
        },
        sorted: (name) => order(name, model.sort === name && !model.descending),
        leave: () => search.focus(),
    });
    const search = searchBox('Search services', model.search, (words) => {
        model.search = words;
        refresh();
    }, () => list.enter());
    const sort = sortBox(order);
    const spaces = namespaceBox((ns) => {
        model.ns = ns;
        refresh();
    });
    const tiles = statusLine();

    function order(name, descending) {
        model.sort = name;
        model.descending = descending;
        sort.value = name;
        list.showSort(name, descending);
        refresh();
    }

    const refresh = perFrame(() => {
        const items = selected();
        const total = model.services.size;
        spaces.update();
        list.root.hidden = items.length === 0;
        list.set(items);
        setText(count, !model.known ? '' : items.length === total
            ? plural(total, 'service') : `${number(items.length)} of ${number(total)}`);
        setText(empty, emptyWords(total));
        empty.hidden = items.length > 0;
        root.dataset.known = model.known;
        if (model.scroll && items.length) {
            list.draw();
            scrollTo(0, model.scroll);
            model.scroll = 0;
        }
    });

    const root = el('div', {class: 'page'},
        el('h1', {class: 'unseen', tabindex: -1}, 'Services'),
        tiles.root,
        el('div', {class: 'bar'}, search, spaces.box, sort, count),
        list.root, empty);

    const stream = new EventStream('/v1/services', model.known ? model.lastId : null, {
        event: (name, data) => {
            const done = name === 'state' ? takeState(data) :
                name === 'change' ? takeChange(data) : false;
            if (done)
                refresh();
        },
        state: tellConnection,
    });
    list.showSort(model.sort, model.descending);

    return {
        root, title: 'Services', search, retry: () => stream.retry(),
        shown: () => {
            list.attach();
            refresh();
        },
        close: () => {
            model.scroll = scrollY;
            model.lastId = stream.lastId;
            stream.close();
            list.detach();
            tiles.close();
        },
    };
}

/* Everything about one instance, and the levers. Follows the instance while it is open. */

import {el, button, setText, setClass} from '/dom.js';
import {ago, number, port, time} from '/format.js';
import {show} from '/dialogs.js';
import {leaseWords, overrideWords, standing} from '/instance_row.js';
import {busy} from '/steer.js';

/* Beside what an operator decided. */
function said(instance) {
    const own = instance.said;
    if (!own || !instance.override)
        return null;
    const weight = own.weight === null ? 'no weight' : `weight ${number(own.weight)}`;
    return `status ${own.status}, ${weight}`;
}

/* [title, text or nodes]; what is empty is left out. */
function facts(i) {
    const lines = (list) => list?.length ? list.map((text) => el('div', {}, text)) : null;
    return [
        ['Status', i.stale ? `${i.status}, stale: its lease ran out and it is kept` : i.status],
        ['By hand', overrideWords(i)],
        ['It says', said(i)],
        ['Weight', number(i.weight)],
        ['Priority', i.priority ? number(i.priority) : null],
        ['Addresses', lines(i.addresses)],
        ['Ports', lines(i.ports?.map(port))],
        ['Version', i.version], ['Zone', i.zone], ['Region', i.region], ['Cluster', i.cluster],
        ['Tags', i.tags?.join(', ')],
        ['Owner', i.owner], ['Group', i.group],
        ['Lease', i.lease ? `${number(i.lease)} s` : null],
        ['TTL', i.ttl === null || i.ttl === undefined ? null : `${number(i.ttl)} s`],
        ['Revision', i.rev ? String(i.rev) : null],
        ['Registered', `${time(i.registered_ms)} (${ago(i.registered_ms)})`],
        ['Up since', i.up_ms ? `${time(i.up_ms)} (${ago(i.up_ms)})` : null],
        ['Changed', i.dirty_ms ? `${time(i.dirty_ms)} (${ago(i.dirty_ms)})` : null],
    ].filter(([, value]) => value !== null && value !== undefined && value !== '');
}

function metadata(instance) {
    const pairs = Object.entries(instance.metadata ?? {}).sort();
    if (!pairs.length)
        return [];
    return [el('h3', {}, 'Metadata'),
        el('dl', {class: 'facts metadata'},
            pairs.map(([key, value]) => [el('dt', {}, key), el('dd', {}, value)]).flat())];
}

/* act(instance, action, value) does it; resolves to true when done. */
function levers(current, act) {
    const drain = button('Drain', () => busy(drain, () =>
        act(current(), drain.dataset.act)), {id: 'lever-drain', class: 'primary'});
    const weight = el('input', {
        type: 'number', id: 'lever-weight', min: 0, max: 65535, step: 1, required: true,
        inputmode: 'numeric',
    });
    const unweight = button('As it says', () => busy(unweight, async () => {
        if (await act(current(), 'unweight'))
            edited = false;
    }), {id: 'lever-unweight', 'aria-label': 'Weight as it says'});
    let edited = false;
    weight.addEventListener('input', () => {
        edited = true;
    });
    const set = el('button', {type: 'submit', id: 'lever-weight-set'}, 'Set');
    const form = el('form', {
        class: 'lever',
        on: {
            submit: (event) => {
                event.preventDefault();
                busy(set, async () => {
                    if (await act(current(), 'weight', weight.valueAsNumber))
                        edited = false;
                });
            },
        },
    }, el('label', {for: 'lever-weight'}, 'Weight'), weight, set, unweight);
    const setters = ['up', 'down'].map((status) => {
        const node = button(`Force ${status}`, () => busy(node, () =>
            act(current(), 'status', status)), {id: `lever-${status}`});
        return node;
    });
    const own = button('As it says', () => busy(own, () => act(current(), 'unstatus')),
        {id: 'lever-unstatus', 'aria-label': 'Status as it says'});
    const root = el('div', {class: 'levers'},
        el('div', {class: 'lever'}, el('span', {class: 'label'}, 'Traffic'), drain),
        form,
        el('div', {class: 'lever'}, el('span', {class: 'label'}, 'Status'), setters, own));
    const update = (instance, gone) => {
        const o = instance.override ?? {};
        setText(drain, o.drain ? 'Undrain' : 'Drain');
        drain.dataset.act = o.drain ? 'undrain' : 'drain';
        if (!edited)
            weight.value = instance.weight;
        unweight.disabled = gone || o.weight === undefined;
        own.disabled = gone || o.status === undefined;
        for (const [n, status] of ['up', 'down'].entries())
            setters[n].setAttribute('aria-pressed', o.status === status);
        for (const node of [drain, set, ...setters])
            node.disabled = gone;
    };
    return {root, update};
}

/* `open` shows it; {update(instance or null), tick()} while it is shown. */
export function instanceSheet(first, act, closed) {
    let instance = first;
    const badge = el('span', {class: 'badge'});
    const lease = el('span', {});
    const list = el('dl', {class: 'facts'});
    const more = el('div', {});
    const handles = levers(() => instance, act);

    const tick = () => setText(lease, leaseWords(instance));
    const update = (next) => {
        const gone = !next;
        instance = next ?? instance;
        const [kind, word] = gone ? ['bad', 'gone'] : standing(instance);
        setText(badge, word);
        setClass(badge, `badge is-${kind}`);
        list.replaceChildren(
            ...facts(instance).map(([title, value]) =>
                [el('dt', {}, title), el('dd', {}, value)]).flat(),
            el('dt', {}, 'Lease left'), el('dd', {}, gone ? 'gone' : lease));
        more.replaceChildren(...metadata(instance));
        handles.update(instance, gone);
        tick();
    };
    update(first);
    show('instance', first.id, (close) => [
        el('div', {class: 'sheet-top'}, badge,
            button('Close', () => close(null), {class: 'plain', id: 'instance-close'})),
        handles.root, list, more,
    ], 'side').then(closed);
    return {update, tick, id: first.id};
}

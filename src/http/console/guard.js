/* The guards against mass eviction: how they stand, and the switch. */

import {el, announce, setText, setClass} from '/dom.js';
import {get, write} from '/api.js';
import {notice} from '/dialogs.js';
import {number, plural, time, ago} from '/format.js';
import {tellConnection} from '/stream.js';

const PERIOD_MS = 2000;

const modes = [
    ['auto', 'Auto', 'Closes by itself while too many hosts fall silent at once: then it is the ' +
        'network, or this server.'],
    ['on', 'On', 'Nothing that falls silent is evicted. It stays, marked stale.'],
    ['off', 'Off', 'Whatever falls silent is evicted, however much it is.'],
];

function verdict(guard) {
    if (guard.on)
        return ['warn', 'The guard is on: what falls silent is kept as stale.'];
    if (guard.mode === 'off')
        return ['bad', 'The guard is off: nothing holds back a mass eviction.'];
    const zones = guard.zones.filter((zone) => zone.on).length;
    if (zones)
        return ['warn', `The guard of ${plural(zones, 'zone')} is on.`];
    return ['good', 'Calm: what falls silent is evicted as usual.'];
}

function facts(guard) {
    const rows = [
        ['Hosts late', `${number(guard.late_hosts)} of ${number(guard.hosts)}` +
            (guard.on ? '' : `; closes above ${number(guard.late_hosts_max)}`)],
        ['Instances late', `${number(guard.late)} of ${number(guard.counted)} counted`],
        ['Kept as stale', plural(guard.stale, 'instance')],
        ['On since', guard.on && guard.since_ms
            ? `${time(guard.since_ms)} (${ago(guard.since_ms)})` : null],
        ['Brownout', guard.brownout
            ? 'yes: many heartbeats are lost, leases run three times as long' : 'no'],
    ];
    return rows.filter(([, value]) => value !== null)
        .map(([title, value]) => [el('dt', {}, title), el('dd', {}, value)]).flat();
}

function zoneRow(zone) {
    const kind = zone.on ? 'warn' : 'good';
    return el('tr', {},
        el('td', {}, el('span', {class: `badge is-${kind}`}, zone.on ? 'on' : 'calm')),
        el('td', {}, zone.zone),
        el('td', {class: 'right'}, `${number(zone.late_hosts)} of ${number(zone.hosts)}`),
        el('td', {class: 'right'}, number(zone.late_hosts_max)),
        el('td', {class: 'right'}, `${number(zone.late)} of ${number(zone.counted)}`),
        el('td', {class: 'wide'}, zone.on && zone.since_ms ? ago(zone.since_ms) : ''));
}

function zoneTable(zones) {
    if (!zones.length)
        return [];
    return [el('h2', {}, 'By locality zone'),
        el('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'By locality zone'},
            el('table', {class: 'records', id: 'zones'},
                el('thead', {}, el('tr', {},
                    [['', ''], ['Zone', ''], ['Hosts late', 'right'], ['Closes above', 'right'],
                        ['Instances late', 'right'], ['Since', '']].map(([words, side]) =>
                        el('th', {scope: 'col', class: side}, words)))),
                el('tbody', {}, zones.map(zoneRow))))];
}

/* All zones, page by page. */
async function read() {
    const guard = await get('/v1/guard');
    for (let next = guard.next; next;) {
        const more = await get(`/v1/guard?after=${encodeURIComponent(next)}`);
        guard.zones.push(...more.zones);
        next = more.next;
    }
    return guard;
}

export function guardPage() {
    const badge = el('span', {class: 'badge'}, '–');
    const words = el('strong', {}, 'Waiting for the server');
    const list = el('dl', {class: 'facts'});
    const zones = el('div', {});
    const radios = new Map();
    let timer = null;
    let closed = false;
    let setting = false;
    let said = '';

    async function set(mode) {
        setting = true;
        try {
            show(await write('POST', '/v1/guard', {mode}));
            notice(`The guard is set to ${mode}.`);
        } catch (error) {
            notice(error.message, true);
        }
        setting = false;
        turn();
    }

    const choices = modes.map(([mode, title, meaning]) => {
        const radio = el('input', {
            type: 'radio', name: 'guard-mode', id: `guard-${mode}`, value: mode,
            'aria-describedby': `guard-${mode}-words`, on: {change: () => set(mode)},
        });
        radios.set(mode, radio);
        return el('div', {class: 'choice'}, radio, el('label', {for: `guard-${mode}`}, title),
            el('p', {class: 'hint', id: `guard-${mode}-words`}, meaning));
    });

    function show(guard) {
        const [kind, text] = verdict(guard);
        setText(badge, guard.on ? 'on' : guard.mode === 'off' ? 'off' : 'calm');
        setClass(badge, `badge is-${kind}`);
        setText(words, text);
        if (said && said !== text)
            announce(text);
        said = text;
        radios.get(guard.mode).checked = true;
        list.replaceChildren(...facts(guard));
        zones.replaceChildren(...zoneTable(guard.zones));
    }

    async function turn() {
        clearTimeout(timer);
        try {
            const guard = await read();
            if (!setting && !closed)
                show(guard);
            if (!closed)
                tellConnection('open', '');
        } catch (error) {
            if (!closed)
                tellConnection('waiting', error.message);
        }
        clearTimeout(timer);
        if (!closed)
            timer = setTimeout(turn, PERIOD_MS);
    }

    const root = el('div', {class: 'page'},
        el('h1', {tabindex: -1}, 'Guard'),
        el('p', {class: 'summary'},
            'When many hosts fall silent in the same moment, it is rather the network than all ' +
            'of them. The guard then keeps what it knows instead of evicting it.'),
        el('div', {class: 'verdict', id: 'guard-state'}, badge, words),
        el('fieldset', {class: 'choices'}, el('legend', {}, 'Mode'), choices),
        list, zones);
    return {
        root, title: 'Guard', search: null, retry: turn, shown: turn,
        close: () => {
            closed = true;
            clearTimeout(timer);
        },
    };
}

/* The line of figures above the services. */

import {el, svg, setText} from '/dom.js';
import {duration, number, plural, rate} from '/format.js';
import {history, onStatus} from '/status.js';

const WIDTH = 96;
const HEIGHT = 24;

function tile(name, title) {
    const value = el('dd', {class: 'value'}, '–');
    const more = el('dd', {class: 'more'}, ' ');
    const root = el('div', {class: 'tile', id: `tile-${name}`}, el('dt', {}, title), value, more);
    return {
        root,
        show(text, rest = '', state = '') {
            setText(value, text);
            setText(more, rest || '\u00a0');
            root.dataset.state = state;
        },
    };
}

/* A small curve of the last two minutes, beside the number. */
function curve(name) {
    const line = svg('polyline', {class: 'curve-line', points: ''});
    const root = svg('svg', {
        class: 'curve', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none',
        'aria-hidden': 'true',
    }, line);
    return {
        root,
        show() {
            const values = history[name];
            const most = Math.max(1, ...values);
            const step = WIDTH / 59;
            const from = WIDTH - (values.length - 1) * step;
            line.setAttribute('points', values.map((value, n) =>
                `${(from + n * step).toFixed(1)},` +
                `${(HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1)}`).join(' '));
        },
    };
}

function guardWords(guard) {
    if (!guard)
        return ['–', '', ''];
    const zones = guard.zones_on ?? 0;
    const late = `${number(guard.late_hosts)} of ${plural(guard.hosts, 'host')} late`;
    const mode = guard.mode === 'auto' ? late : `set to ${guard.mode} by hand`;
    if (guard.on)
        return ['On', mode, 'warn'];
    if (zones)
        return [`On in ${plural(zones, 'zone')}`, mode, 'warn'];
    if (guard.mode === 'off')
        return ['Off', mode, 'warn'];
    return ['Calm', mode, 'good'];
}

function storeWords(store) {
    if (!store)
        return ['–', '', ''];
    if (store.mode === 'memory')
        return ['Memory', 'nothing is kept on disk', 'idle'];
    if (store.state === 'ok')
        return ['On disk', `${plural(store.entries ?? 0, 'entry', 'entries')}`, 'good'];
    const words = store.state === 'readonly' ? 'Read only' : 'Failing';
    return [words, store.error ?? '', 'bad'];
}

export function statusLine() {
    const tiles = {
        live: tile('live', 'Instances live'),
        queries: tile('queries', 'DNS queries/s'),
        registrations: tile('registrations', 'Registrations/s'),
        guard: tile('guard', 'Guard'),
        store: tile('store', 'Store'),
        server: tile('server', 'Server'),
    };
    const curves = {queries: curve('queries'), registrations: curve('registrations')};
    for (const name of Object.keys(curves))
        tiles[name].root.append(curves[name].root);
    const root = el('dl', {class: 'tiles', 'aria-label': 'The server'},
        Object.values(tiles).map((one) => one.root));

    const show = ({status, rates}) => {
        if (!status)
            return;
        const live = status.live_up ?? 0;
        const share = status.instances ? live / status.instances : 1;
        tiles.live.show(number(live),
            `of ${number(status.instances)}${status.stale ? `, ${number(status.stale)} stale` : ''}`,
            share === 1 ? 'good' : share > 0 ? 'warn' : 'bad');
        tiles.queries.show(rate(rates?.queries ?? null));
        tiles.registrations.show(rate(rates?.registrations ?? null));
        tiles.guard.show(...guardWords(status.guard));
        tiles.store.show(...storeWords(status.store));
        tiles.server.show(status.version ?? '–',
            `up ${duration(status.uptime_s ?? 0)}${status.status === 'ok' ? '' : `, ${status.status}`}`,
            status.status === 'ok' ? '' : 'warn');
        for (const one of Object.values(curves))
            one.show();
    };
    return {root, close: onStatus(show)};
}

/* One line of the list of instances, and the words for what an instance is. */

import {el, setText, setClass} from '/dom.js';
import {duration, endpoint, number} from '/format.js';
import {flash} from '/motion.js';

/* [kind, word]: how it stands among the service's answers. */
export function standing(instance) {
    if (instance.stale)
        return ['warn', 'stale'];
    if (instance.live)
        return ['good', instance.status];
    if (instance.status === 'down')
        return ['bad', 'down'];
    return ['idle', instance.status];
}

/* "drained", "weight 10", "forced down": what an operator decided. */
export function overrideWords(instance) {
    const o = instance.override;
    const words = [];
    if (o?.drain)
        words.push('drained');
    if (o?.status)
        words.push(`forced ${o.status}`);
    if (o?.weight !== undefined && o?.weight !== null)
        words.push(`weight ${number(o.weight)}`);
    return words.join(', ');
}

/* The rest of the lease now, in ms; null when it never ends. */
export function leaseLeft(instance) {
    if (instance.expires_in_ms === null || instance.expires_in_ms === undefined)
        return null;
    return instance.expires_in_ms - (performance.now() - instance.received);
}

export function leaseWords(instance) {
    const left = leaseLeft(instance);
    if (left === null)
        return 'permanent';
    if (left <= 0)
        return instance.stale ? 'expired, kept' : 'due';
    return duration(Math.ceil(left / 1000));
}

export function extraWords(instance) {
    const words = [...(instance.tags ?? [])];
    for (const [key, value] of Object.entries(instance.metadata ?? {}))
        words.push(`${key}=${value}`);
    return words.join('  ');
}

export function addressWords(instance) {
    const first = instance.addresses?.[0];
    if (!first)
        return 'no address';
    const rest = instance.addresses.length - 1;
    return endpoint(first, instance.ports?.[0]) + (rest ? ` +${rest}` : '');
}

const cell = (name, ...children) =>
    el('div', {class: `cell ${name}`, role: 'gridcell'}, ...children);

/* Some texts are long: the whole one is to be had by pointing at it. */
function setLong(node, text) {
    setText(node, text);
    if (node.title !== text)
        node.title = text;
}

/* steer(instance, action): "drain" or "undrain". */
export function instanceRow(steer) {
    const id = cell('id');
    const badge = el('span', {class: 'badge'});
    const mark = el('span', {class: 'mark'});
    const weight = cell('weight');
    const address = cell('address');
    const version = cell('version');
    const zone = cell('zone');
    const extra = cell('extra');
    const owner = cell('owner');
    const lease = cell('lease');
    const action = el('button', {type: 'button', tabindex: -1, class: 'small'});
    const row = el('div', {class: 'row'}, id, cell('status', badge, mark), weight, address,
        version, zone, extra, owner, lease, cell('act', action));
    let now = null;

    action.addEventListener('click', () => steer(now, action.dataset.act, action));

    const show = (instance, before) => {
        const [kind, word] = standing(instance);
        const drained = Boolean(instance.override?.drain);
        now = instance;
        setLong(id, instance.id);
        setText(badge, word);
        setClass(badge, `badge is-${kind}`);
        setLong(mark, overrideWords(instance));
        setText(weight, number(instance.weight));
        setLong(address, addressWords(instance));
        setLong(version, instance.version || '');
        setLong(zone, instance.zone || '');
        setLong(extra, extraWords(instance));
        setLong(owner, instance.owner || '');
        setText(action, drained ? 'Undrain' : 'Drain');
        action.dataset.act = drained ? 'undrain' : 'drain';
        action.setAttribute('aria-label', `${action.textContent} ${instance.id}`);
        setClass(row, `row is-${kind}`);
        tick();
        if (before && !instance.renewed)
            flash(row);
    };
    const tick = () => setText(lease, leaseWords(now));
    return {row, show, tick};
}

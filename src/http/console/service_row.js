/* One line of the list of services. */

import {el, setText, setClass} from '/dom.js';
import {number} from '/format.js';
import {flash} from '/motion.js';

export const keyOf = (service) => `${service.namespace}/${service.name}`;

export const hashOf = (service) =>
    `#/service/${encodeURIComponent(service.namespace)}/${encodeURIComponent(service.name)}`;

export const shareOf = (service) =>
    (service.instances ? service.live / service.instances : 2);

function healthOf(service) {
    if (!service.instances)
        return ['idle', 'no instances'];
    if (!service.live)
        return ['bad', service.stale ? `none live, ${number(service.stale)} stale` : 'none live'];
    if (service.stale)
        return ['warn', `${number(service.stale)} stale`];
    if (service.live < service.instances)
        return ['warn', `${number(service.instances - service.live)} not live`];
    return ['good', 'all live'];
}

export function serviceRow() {
    const link = el('a', {tabindex: -1});
    const ns = el('div', {class: 'cell namespace', role: 'gridcell'});
    const good = el('span', {class: 'good'});
    const stale = el('span', {class: 'stale'});
    const bar = el('div', {class: 'cell live', role: 'gridcell'},
        el('span', {class: 'meter', 'aria-hidden': 'true'}, good, stale));
    const share = el('span', {class: 'share'});
    const words = el('span', {class: 'state'});
    const row = el('div', {class: 'row'},
        el('div', {class: 'cell name', role: 'gridcell'}, link), ns, bar,
        el('div', {class: 'cell instances', role: 'gridcell'}, share),
        el('div', {class: 'cell words', role: 'gridcell'}, words));
    bar.append(el('span', {class: 'unseen'}));

    const show = (service, before) => {
        const [health, said] = healthOf(service);
        const total = service.instances || 1;
        setText(link, service.name);
        link.setAttribute('href', hashOf(service));
        setText(ns, service.namespace);
        good.style.width = `${(100 * service.live) / total}%`;
        stale.style.width = `${(100 * service.stale) / total}%`;
        setText(bar.lastChild, `${service.live} live`);
        setText(share, `${number(service.live)}/${number(service.instances)}`);
        setText(words, said);
        setClass(row, `row is-${health}`);
        if (before)
            flash(row);
    };
    return {row, show};
}

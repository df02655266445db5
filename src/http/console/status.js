/* The server's state, asked for every two seconds while the page is looked at, and rates
 * out of the differences. */

import {get} from '/api.js';

const PERIOD_MS = 2000;
const KEPT = 60; // rates, for the small curves

const listeners = new Set();
let before = null;
let last = {status: null, rates: null, error: null};
let timer = null;

export const history = {queries: [], registrations: []};

/* listener({status, rates, error}) now and with each change. Returns what ends it. */
export function onStatus(listener) {
    listeners.add(listener);
    listener(last);
    return () => listeners.delete(listener);
}

function count(status) {
    return {
        at: performance.now(),
        starts: status.starts,
        uptime: status.uptime_s ?? 0,
        queries: (status.dns?.udp_queries ?? 0) + (status.dns?.tcp_queries ?? 0),
        registrations: status.registrations ?? 0,
    };
}

function ratesOf(now) {
    const seconds = before ? (now.at - before.at) / 1000 : 0;
    const same = before && before.starts === now.starts && now.uptime >= before.uptime - 1;
    if (!same || seconds < 0.2)
        return null;
    return {
        queries: Math.max(0, now.queries - before.queries) / seconds,
        registrations: Math.max(0, now.registrations - before.registrations) / seconds,
    };
}

function remember(rates) {
    for (const name of Object.keys(history)) {
        history[name].push(rates[name]);
        if (history[name].length > KEPT)
            history[name].shift();
    }
}

async function poll() {
    try {
        const status = await get('/v1/status');
        const now = count(status);
        const rates = ratesOf(now);
        before = now;
        if (rates)
            remember(rates);
        last = {status, rates, error: null};
    } catch (error) {
        before = null;
        last = {...last, rates: null, error};
    }
    for (const listener of listeners)
        listener(last);
}

async function turn() {
    clearTimeout(timer);
    if (!document.hidden)
        await poll();
    clearTimeout(timer);
    timer = setTimeout(turn, PERIOD_MS);
}

export function startStatus() {
    document.addEventListener('visibilitychange', () => {
        if (!document.hidden) {
            before = null;
            turn();
        }
    });
    turn();
}

export const lastStatus = () => last.status;

/* "disc.local" for the namespace "default"; null when no zone serves it. */
export function zoneOf(ns) {
    const zones = last.status?.dns?.zone_list ?? [];
    return zones.find((zone) => zone.namespace === ns)?.name.replace(/\.$/, '') ?? null;
}

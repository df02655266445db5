/* What an operator does to an instance: overrides, kept by the server beside what the
 * instance says of itself. */

import {instancePath, write} from '/api.js';
import {confirm, notice} from '/dialogs.js';

const bodies = {
    drain: () => ({drain: true}),
    undrain: () => ({drain: null}),
    weight: (value) => ({weight: value}),
    unweight: () => ({weight: null}),
    status: (value) => ({status: value}),
    unstatus: () => ({status: null}),
};

const done = {
    drain: (id) => `${id} is drained: no new clients are sent to it.`,
    undrain: (id) => `${id} is no longer drained.`,
    weight: (id, value) => `${id} has weight ${value} now.`,
    unweight: (id) => `${id} has its own weight again.`,
    status: (id, value) => `${id} is forced ${value}.`,
    unstatus: (id) => `${id} has its own status again.`,
};

const takesOut = (action, value) =>
    action === 'drain' || (action === 'status' && value !== 'up') ||
    (action === 'weight' && value === 0);

async function agreed(service, instance, action, value, live) {
    const isLast = instance.live && live === 1 && takesOut(action, value);
    if (!isLast)
        return true;
    const effect = action === 'weight'
        ? 'With weight 0 it stays the only answer, and gets everything as before.'
        : 'Without it, DNS has no answer for the service until another one is up.';
    return confirm('The last live instance',
        `${instance.id} is the only live instance of ${service.name}. ${effect}`,
        action === 'drain' ? 'Drain it' : action === 'weight' ? 'Set weight 0' : `Force ${value}`);
}

/* Resolves to true when the server did it. `live`: live instances of the service. */
export async function steer(service, instance, action, value, live) {
    try {
        if (!(await agreed(service, instance, action, value, live)))
            return false;
        await write('PATCH',
            instancePath(service.namespace, service.name, instance.id, '/override'),
            bodies[action](value));
        notice(done[action](instance.id, value));
        return true;
    } catch (error) {
        notice(error.message, true);
        return false;
    }
}

/* Keeps a button from being pressed again while its work is under way. */
export async function busy(node, work) {
    if (node.getAttribute('aria-busy') === 'true')
        return;
    node.setAttribute('aria-busy', 'true');
    try {
        await work();
    } finally {
        node.removeAttribute('aria-busy');
    }
}

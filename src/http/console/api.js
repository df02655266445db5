/* The server's API. The token stays in memory, or for this tab when its owner says so, and
 * goes to no other server: paths are of this one, and redirects are not followed. */

const KEY = 'disc.token';

let token = read();
let asker = async () => null; // shows the dialog; resolves to {token, keep} or null
let asking = null;
let declined = false;
const listeners = new Set();

function read() {
    try {
        return sessionStorage.getItem(KEY);
    } catch {
        return null;
    }
}

export const hasToken = () => token !== null;

export function setToken(value, keep) {
    token = value || null;
    declined = false;
    try {
        if (token && keep)
            sessionStorage.setItem(KEY, token);
        else
            sessionStorage.removeItem(KEY);
    } catch {
        // no storage: then in memory only
    }
    for (const listener of listeners)
        listener();
}

/* Returns what ends it. */
export const onToken = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
};
export const setAsker = (f) => {
    asker = f;
};

/* What the server refused; `words` are its own. */
export class Refusal extends Error {
    constructor(status, words) {
        super(words);
        this.status = status;
    }
}

/* The same question for all requests that are refused meanwhile. */
async function ask(words) {
    asking ??= asker(words).finally(() => {
        asking = null;
    });
    const given = await asking;
    if (!given) {
        declined = true;
        return false;
    }
    if (given.token !== token)
        setToken(given.token, given.keep);
    return true;
}

async function send(path, options) {
    const headers = {Accept: 'application/json', ...options.headers};
    if (token)
        headers.Authorization = `Bearer ${token}`;
    try {
        return await fetch(path, {
            ...options, headers, mode: 'same-origin', credentials: 'omit', cache: 'no-store',
            redirect: 'error', referrerPolicy: 'no-referrer',
        });
    } catch (error) {
        if (error.name === 'AbortError')
            throw error;
        throw new Refusal(0, 'The server does not answer.');
    }
}

async function refusal(response) {
    let words = `${response.status} ${response.statusText}`;
    try {
        const problem = await response.json();
        words = problem.detail || problem.title || words;
    } catch {
        // no problem document
    }
    return new Refusal(response.status, words[0].toUpperCase() + words.slice(1));
}

/* A response with status 2xx, or throws. `background`: nobody clicked, so the dialog comes
 * once and not again after it was closed. options.asking(true), and (false) when it has ended:
 * the dialog is open, which takes as long as people take. */
export async function open(path, options = {}, background = false) {
    for (;;) {
        const used = token;
        const response = await send(path, options);
        if (response.ok)
            return response;
        if (response.status === 401 && used !== token)
            continue;
        if (response.status !== 401)
            throw await refusal(response);
        const words = used ? 'The server does not accept this token.' :
            background ? 'The server wants the admin token from whoever reads.' :
                'The server wants the admin token for this.';
        if (background && declined)
            throw new Refusal(401, words);
        options.asking?.(true);
        const given = await ask(words);
        options.asking?.(false);
        if (!given)
            throw new Refusal(401, words);
    }
}

export async function get(path, options = {}) {
    const response = await open(path, options, options.background ?? true);
    return response.json();
}

/* Resolves to the reply's JSON, or null when it has none. */
export async function write(method, path, body) {
    const options = {method};
    if (body !== undefined) {
        options.body = JSON.stringify(body);
        options.headers = {'Content-Type': 'application/json'};
    }
    const response = await open(path, options);
    const text = await response.text();
    return text ? JSON.parse(text) : null;
}

const part = encodeURIComponent;

export const servicePath = (ns, name) => `/v1/services/${part(name)}?ns=${part(ns)}`;
export const instancePath = (ns, name, id, tail = '') =>
    `/v1/services/${part(name)}/instances/${part(id)}${tail}?ns=${part(ns)}`;

/* Events of the server (text/event-stream) over fetch(), which can carry the token where
 * EventSource cannot. Connects anew by itself, and says to the server how far it came. */

import {open, onToken, Refusal} from '/api.js';

const SILENCE_MS = 45000; // the server says something every 15 s
const OPENING_MS = 10000; // until it says the first word
const PAUSE_MIN_MS = 250;
const PAUSE_MAX_MS = 10000;

/* The lines of the format: WHATWG HTML, section 9.2.6. Feed it texts as they come. */
export class EventParser {
    constructor(dispatch) {
        this.dispatch = dispatch;
        this.pieces = []; // of the line under way
        this.wasReturn = false;
        this.id = undefined;
        this.clear();
    }

    clear() {
        this.event = '';
        this.data = [];
    }

    feed(text) {
        let from = 0;
        if (this.wasReturn && text[0] === '\n')
            from = 1;
        if (text.length)
            this.wasReturn = false;
        const end = /\r\n|\r|\n/g;
        end.lastIndex = from;
        for (let found; (found = end.exec(text));) {
            this.pieces.push(text.slice(from, found.index));
            this.line(this.pieces.join(''));
            this.pieces = [];
            from = end.lastIndex;
            this.wasReturn = found[0] === '\r' && from === text.length;
        }
        if (from < text.length)
            this.pieces.push(text.slice(from));
    }

    line(line) {
        if (line === '') {
            if (this.data.length)
                this.dispatch(this.event || 'message', this.data.join('\n'), this.id);
            this.clear();
            return;
        }
        const colon = line.indexOf(':');
        const name = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
        if (name === 'event')
            this.event = value;
        else if (name === 'data')
            this.data.push(value);
        else if (name === 'id' && !value.includes('\0'))
            this.id = value;
    }
}

/* Calls handlers.event(name, data) for each event and handlers.state(state, words) when the
 * connection changes: "connecting", "open", "waiting" (lost; words say why), "refused".
 * handlers.event may throw: then everything is asked for again. */
export class EventStream {
    constructor(path, lastId, handlers) {
        this.path = path;
        this.lastId = lastId;
        this.handlers = handlers;
        this.pause = PAUSE_MIN_MS;
        this.closed = false;
        this.wake = null;
        this.opening = false; // the server has not answered yet
        this.forget = onToken(() => this.retry());
        this.run();
    }

    close() {
        this.closed = true;
        this.forget();
        this.abort?.abort();
        this.wake?.();
    }

    /* At once, rather than after the pause; nor is an attempt waited for that has no answer. */
    retry() {
        this.pause = PAUSE_MIN_MS;
        if (this.opening)
            this.abort.abort();
        this.wake?.();
    }

    async run() {
        while (!this.closed) {
            this.handlers.state('connecting', '');
            try {
                await this.connection();
                throw new Refusal(0, 'The server ended the connection.');
            } catch (error) {
                if (this.closed)
                    return;
                const words =
                    error instanceof Refusal ? error.message : 'The connection was lost.';
                const refused = error.status >= 400 && error.status < 500;
                this.handlers.state(refused ? 'refused' : 'waiting', words, error.status);
            }
            await this.wait();
        }
    }

    async wait() {
        const ms = this.pause * (0.75 + Math.random() / 2);
        this.pause = Math.min(2 * this.pause, PAUSE_MAX_MS);
        await new Promise((resolve) => {
            this.wake = resolve;
            setTimeout(resolve, ms);
        });
        this.wake = null;
    }

    async connection() {
        const abort = new AbortController();
        let timer;
        const limit = (ms) => {
            clearTimeout(timer);
            timer = ms && setTimeout(() => abort.abort(), ms);
        };
        const heard = () => limit(SILENCE_MS);
        const opening = (is) => {
            this.opening = is;
            limit(is ? OPENING_MS : 0);
        };
        this.abort = abort;
        const headers = {Accept: 'text/event-stream'};
        if (this.lastId)
            headers['Last-Event-ID'] = this.lastId;
        try {
            opening(true);
            const response = await open(this.path, {
                headers, signal: abort.signal, asking: (is) => opening(!is),
            }, true);
            this.opening = false;
            if (!response.headers.get('Content-Type')?.startsWith('text/event-stream'))
                throw new Refusal(0, 'The server sent no event stream.');
            heard();
            this.handlers.state('open', '');
            await this.read(response.body.getReader(), heard);
        } finally {
            opening(false);
        }
    }

    async read(reader, heard) {
        const decoder = new TextDecoder();
        const parser = new EventParser((name, data, id) => this.dispatch(name, data, id));
        for (;;) {
            const {value, done} = await reader.read();
            if (done)
                return;
            heard();
            parser.feed(decoder.decode(value, {stream: true}));
        }
    }

    dispatch(name, data, id) {
        try {
            this.handlers.event(name, JSON.parse(data));
        } catch (error) {
            this.lastId = null;
            this.abort.abort();
            throw error;
        }
        this.pause = PAUSE_MIN_MS;
        if (id)
            this.lastId = id;
    }
}

/* How the shown page's stream fares, for the pill in the header. */
const watchers = new Set();
let current = {state: 'connecting', words: ''};

export const onConnection = (listener) => {
    watchers.add(listener);
    listener(current);
};
export const connection = () => current;

export function tellConnection(state, words) {
    current = {state, words};
    for (const listener of watchers)
        listener(current);
}

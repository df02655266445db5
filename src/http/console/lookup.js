/* A question to the DNS, the answer, and how it came about: /v1/explain. */

import {el, announce} from '/dom.js';
import {get} from '/api.js';
import {endpoint, number, plural} from '/format.js';
import {tellConnection} from '/stream.js';
import {lastStatus, onStatus} from '/status.js';

const TYPES = ['SRV', 'A', 'AAAA', 'TXT', 'SVCB', 'HTTPS', 'PTR', 'NS', 'SOA', 'ANY'];

const rcodes = {
    NOERROR: 'The name exists', NXDOMAIN: 'There is no such name', REFUSED: 'Refused',
    SERVFAIL: 'The server failed', NOTIMP: 'Not implemented', FORMERR: 'Not understood',
};

/* What the rule means, for who has not read the manual. */
const rules = {
    service: 'The name of a service: its live instances, by weight.',
    'service, by protocol': 'A service by protocol: instances with a port of that protocol.',
    'named port of the service': 'A named port: instances that have it.',
    'instance of the service': 'One instance: answered also while it is draining or starting.',
    'instance of the service, by DNS-SD': 'One instance, as DNS-SD names it.',
    selectors: 'A service with selectors: only instances that match all of them.',
    'static name of the zone file': 'A name of the zone file, the same for everybody.',
    'no such name': 'Neither the zone file nor a registration knows the name.',
    'in none of the zones': 'No zone of this server holds the name.',
};

/* ---- the answer ------------------------------------------------------------------ */

/* "web.disc.local. 5 IN SRV 0 30 8080 one.web.disc.local." */
function record(line) {
    const [name, ttl, , type, ...data] = line.split(' ');
    return el('tr', {}, el('td', {class: 'mono'}, name), el('td', {class: 'right'}, ttl),
        el('td', {}, type ?? ''), el('td', {class: 'mono wide'}, data.join(' ')));
}

function section(title, lines, id) {
    if (!lines?.length)
        return null;
    return el('section', {id},
        el('h3', {}, `${title} `, el('span', {class: 'count'}, number(lines.length))),
        el('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': title},
            el('table', {class: 'records'},
                el('thead', {}, el('tr', {},
                    ['Name', 'TTL', 'Type', 'Data'].map((words, n) =>
                        el('th', {scope: 'col', class: n === 1 ? 'right' : ''}, words)))),
                el('tbody', {}, lines.map(record)))));
}

function verdict(reply) {
    const answers = reply.answer?.length ?? 0;
    let words = rcodes[reply.rcode] ?? reply.rcode;
    let state = 'bad';
    if (reply.rcode === 'NOERROR') {
        words = answers ? plural(answers, 'record') : 'The name exists, with nothing of this type';
        state = answers ? 'good' : 'warn';
    }
    return el('div', {class: `verdict is-${state}`, id: 'verdict'},
        el('span', {class: `badge is-${state}`}, reply.rcode),
        el('strong', {}, words),
        reply.truncated
            ? el('span', {}, `truncated over UDP: ${number(reply.udp_bytes)} bytes of ` +
                `${number(reply.tcp_bytes)}; a resolver asks again over TCP`)
            : el('span', {class: 'quiet'}, `${number(reply.udp_bytes ?? 0)} bytes`));
}

/* ---- why ------------------------------------------------------------------------- */

function facts(reply) {
    const place = reply.place;
    const near = (reply.near ?? []).map((tier) =>
        el('div', {}, `${tier.key} ${tier.value}: ${number(tier.up)} of ` +
            `${number(tier.registered)} up; preferred: ${tier.preferred}`));
    const filters = (reply.filters ?? []).map((f) =>
        el('div', {}, `${f.key} = ${f.value}: ${plural(f.live, 'live instance')}`));
    const rows = [
        ['Rule', el('div', {}, el('strong', {}, reply.rule ?? ''),
            rules[reply.rule] ? el('div', {class: 'quiet'}, rules[reply.rule]) : null)],
        ['Extended error', reply.ede ? `${reply.ede.code}: ${reply.ede.text}` : null],
        ['Zone', reply.zone], ['Namespace', reply.namespace], ['Service', reply.service],
        ['Found at', reply.node],
        ['Selectors', filters.length ? filters : null],
        ['Asker’s place', place
            ? [place.network, place.zone && `zone ${place.zone}`,
                place.region && `region ${place.region}`].filter(Boolean).join(', ') : null],
        ['Nearness', near.length ? near : null],
        ['At most', reply.max_answers ? plural(reply.max_answers, 'answer') : null],
    ];
    return el('dl', {class: 'facts', id: 'why'}, rows
        .filter(([, value]) => value !== null && value !== undefined && value !== '')
        .map(([title, value]) => [el('dt', {}, title), el('dd', {}, value)]).flat());
}

function candidate(c) {
    const isIn = c.why.startsWith('in');
    const reason = c.why.replace(/^(in|out|left out of this answer)(: |, |$)/, '');
    const kind = isIn ? 'good' : c.why.startsWith('left') ? 'warn' : 'bad';
    const verb = isIn ? 'in' : c.why.startsWith('left') ? 'left out' : 'out';
    const place = c.tier ? ` (${c.tier})` : '';
    const addresses = (c.addresses ?? []).map((a) =>
        el('div', {}, endpoint(a, c.port ? {number: c.port} : null)));
    return el('tr', {class: `is-${kind}`},
        el('td', {}, el('span', {class: `badge is-${kind}`}, verb)),
        el('td', {class: 'mono'}, c.id), el('td', {}, c.status),
        el('td', {class: 'right'}, number(c.weight)),
        el('td', {class: 'right'}, number(c.wire_priority ?? c.priority)),
        el('td', {class: 'mono'}, addresses),
        el('td', {class: 'wide'}, (reason || (isIn ? 'up' : '')) + place));
}

function candidates(reply) {
    const list = reply.candidates ?? [];
    if (!list.length)
        return null;
    const all = reply.candidate_count ?? list.length;
    const shown = all > list.length ? `the first ${list.length} of ${number(all)}` : number(all);
    const sorted = [...list].sort((a, b) =>
        b.why.startsWith('in') - a.why.startsWith('in') || (a.id < b.id ? -1 : 1));
    return el('section', {id: 'candidates'},
        el('h3', {}, 'Instances considered ', el('span', {class: 'count'}, shown)),
        el('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Instances considered'},
            el('table', {class: 'records'},
                el('thead', {}, el('tr', {},
                    [['', ''], ['Instance', ''], ['Status', ''], ['Weight', 'right'],
                        ['Priority', 'right'], ['Address', ''], ['Why', '']].map(([words, side]) =>
                        el('th', {scope: 'col', class: side}, words)))),
                el('tbody', {}, sorted.map(candidate)))));
}

function answerView(reply) {
    return [
        el('h2', {}, el('span', {class: 'mono'}, reply.name), ` ${reply.type}`),
        verdict(reply),
        section('Answer', reply.answer, 'answer'),
        el('section', {}, el('h3', {}, 'Why'), facts(reply)),
        candidates(reply),
        section('Authority', reply.authority, 'authority'),
        section('Additional', reply.additional, 'additional'),
    ].filter(Boolean);
}

/* ---- the page -------------------------------------------------------------------- */

function field(id, label, input, hint) {
    return el('div', {class: `field ${id}`}, el('label', {for: id}, label), input,
        hint ? el('p', {class: 'hint'}, hint) : null);
}

function anyZone() {
    const zones = lastStatus()?.dns?.zone_list ?? [];
    return zones.find((zone) => zone.namespace)?.name.replace(/\.$/, '');
}

export function lookupPage(params) {
    const name = el('input', {
        id: 'name', type: 'text', class: 'mono', autocomplete: 'off', autocapitalize: 'off',
        spellcheck: 'false', required: true,
    });
    const type = el('input', {
        id: 'type', type: 'text', list: 'types', autocomplete: 'off', spellcheck: 'false',
        required: true, maxlength: 16,
    });
    const client = el('input', {
        id: 'client', type: 'text', class: 'mono', autocomplete: 'off', spellcheck: 'false',
        placeholder: '127.0.0.1',
    });
    const result = el('div', {id: 'result', class: 'result'});
    const form = el('form', {
        class: 'question',
        on: {
            submit: (event) => {
                event.preventDefault();
                go();
            },
        },
    },
    field('name', 'Name', name), field('type', 'Type', type),
    field('client', 'Client address (optional)', client),
    el('button', {type: 'submit', class: 'primary', id: 'ask'}, 'Look up'),
    el('datalist', {id: 'types'}, TYPES.map((value) => el('option', {value}))));
    let abort = null;

    name.value = params.get('name') ?? '';
    type.value = params.get('type') ?? 'SRV';
    client.value = params.get('client') ?? '';

    function query() {
        const asked = new URLSearchParams({
            name: name.value.trim(), type: type.value.trim().toUpperCase(),
        });
        if (client.value.trim())
            asked.set('client', client.value.trim());
        return asked;
    }

    /* The question is in the address: it can be kept and sent to somebody. */
    function go() {
        const asked = query();
        history.replaceState(null, '', `#/lookup?${asked}`);
        ask(asked);
    }

    async function ask(asked) {
        abort?.abort();
        abort = new AbortController();
        result.setAttribute('aria-busy', 'true');
        try {
            const reply = await get(`/v1/explain?${asked}`,
                {signal: abort.signal, background: false});
            result.replaceChildren(...answerView(reply));
            announce(`${reply.rcode}, ${plural(reply.answer?.length ?? 0, 'record')}`);
        } catch (error) {
            if (error.name === 'AbortError')
                return;
            result.replaceChildren(el('p', {class: 'problem', role: 'alert'}, error.message));
        }
        result.removeAttribute('aria-busy');
    }

    const close = onStatus(({error}) => {
        tellConnection(error ? 'waiting' : 'open', error?.message ?? '');
        name.placeholder = `hello-svc.${anyZone() ?? 'disc.local'}`;
    });
    const root = el('div', {class: 'page'},
        el('h1', {tabindex: -1}, 'Lookup'),
        el('p', {class: 'summary'},
            'What the DNS answers, and why: which rule applies, and which instances are in.'),
        form, result);
    const again = () => {
        if (name.value)
            ask(query());
    };
    return {
        root, title: 'Lookup', search: name, retry: again, shown: again,
        close: () => {
            abort?.abort();
            close();
        },
    };
}

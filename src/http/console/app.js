/* The console: which page is shown, and what stands around it. */

import {button, el, setText} from '/dom.js';
import {hasToken, onToken, setAsker, setToken} from '/api.js';
import {askToken, notice, show, showKeys} from '/dialogs.js';
import {connection, onConnection} from '/stream.js';
import {startStatus} from '/status.js';
import {overview} from '/overview.js';
import {servicePage} from '/service.js';
import {lookupPage} from '/lookup.js';
import {guardPage} from '/guard.js';

const main = document.getElementById('main');
let page = null;
let shownHash = null;

/* ---- pages ----------------------------------------------------------------------- */

function decode(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

function pageOf(hash) {
    const [path, query = ''] = hash.replace(/^#/, '').split('?');
    const parts = path.split('/').filter(Boolean).map(decode);
    if (parts[0] === 'service' && parts.length === 3)
        return servicePage(parts[1], parts[2]);
    if (parts[0] === 'lookup')
        return lookupPage(new URLSearchParams(query));
    if (parts[0] === 'guard')
        return guardPage();
    if (parts.length)
        notice(`There is no page ${path}: here are all services.`, true);
    return overview();
}

function markNav(hash) {
    const first = hash.replace(/^#\/?/, '').split(/[/?]/)[0];
    for (const link of document.querySelectorAll('#nav a')) {
        const own = link.getAttribute('href').replace(/^#\/?/, '');
        const is = own === first || (own === '' && first === 'service');
        if (is)
            link.setAttribute('aria-current', 'page');
        else
            link.removeAttribute('aria-current');
    }
}

function route() {
    const hash = location.hash || '#/';
    const isFirst = shownHash === null;
    if (hash === shownHash)
        return;
    shownHash = hash;
    for (const dialog of document.querySelectorAll('dialog[open]'))
        dialog.close();
    page?.close();
    page = pageOf(hash);
    markNav(hash);
    main.replaceChildren(page.root);
    document.title = `${page.title} · disc`;
    scrollTo(0, 0);
    page.shown();
    if (!isFirst)
        page.root.querySelector('h1')?.focus({preventScroll: true}); // and so it is read out
}

/* ---- connection ------------------------------------------------------------------ */

const pill = document.getElementById('connection');
const offline = el('div', {class: 'offline', id: 'offline', role: 'alert', hidden: true});

const pillWords = {connecting: 'Connecting', open: 'Live', waiting: 'Not connected',
    refused: 'Refused'};

function showOffline(words, refused) {
    offline.replaceChildren(
        el('span', {}, el('strong', {}, refused ? 'Refused. ' : 'Not connected. '), words,
            refused ? '' : ' What is shown may be out of date.'),
        refused && !hasToken()
            ? button('Enter the token', changeToken, {id: 'offline-token'})
            : button('Try now', () => page?.retry(), {id: 'offline-retry'}));
    offline.hidden = false;
}

/* While it is tried again and again the state stays what it was: no flicker. */
function showConnection({state, words}) {
    const lost = pill.dataset.state === 'waiting' || pill.dataset.state === 'refused';
    if (state === 'connecting' && lost)
        return;
    pill.dataset.state = state;
    document.body.dataset.connection = state;
    setText(document.getElementById('connection-words'), pillWords[state]);
    pill.title = words || pillWords[state];
    if (state === 'waiting' || state === 'refused')
        showOffline(words, state === 'refused');
    else if (state === 'open')
        offline.hidden = true;
}

/* ---- token ----------------------------------------------------------------------- */

const tokenButton = document.getElementById('token');

async function changeToken() {
    if (!hasToken()) {
        const given = await askToken('Changes, and on some servers reading, need the admin token.');
        if (given) {
            setToken(given.token, given.keep);
            page?.retry();
        }
        return;
    }
    const forget = await show('token-forget', 'Admin token', (close) => [
        el('p', {}, 'A token is in use. It is known to this tab only.'),
        el('div', {class: 'actions'},
            button('Keep it', () => close(false), {autofocus: true}),
            button('Forget it', () => close(true), {class: 'danger', id: 'token-drop'})),
    ]);
    if (forget) {
        setToken(null, false);
        notice('The token is forgotten.');
    }
}

function showToken() {
    setText(tokenButton, hasToken() ? 'Token set' : 'Token');
}

/* ---- keys ------------------------------------------------------------------------ */

const isTyping = (target) =>
    target.closest('input, select, textarea, [contenteditable]') !== null;

function pressed(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey ||
        document.querySelector('dialog[open]') || isTyping(event.target))
        return;
    if (event.key === '/' && page?.search) {
        event.preventDefault();
        page.search.focus();
        page.search.select();
    } else if (event.key === '?') {
        event.preventDefault();
        showKeys();
    }
}

setAsker(askToken);
onToken(showToken);
showToken();
document.body.append(offline);
onConnection(showConnection);
pill.addEventListener('click', () => {
    if (connection().state !== 'open')
        page?.retry();
});
tokenButton.addEventListener('click', changeToken);
document.getElementById('help').addEventListener('click', showKeys);
document.getElementById('skip').addEventListener('click', (event) => {
    event.preventDefault(); // the fragment of the address names the page
    main.focus();
});
document.addEventListener('keydown', pressed);
addEventListener('hashchange', route);
startStatus();
route();

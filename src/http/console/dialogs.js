/* Dialogs and notices. */

import {el, button} from '/dom.js';

/* Shows `children` as a dialog; resolves to what close(value) was given, null by Escape. */
export function show(name, title, build, kind = '') {
    return new Promise((resolve) => {
        let result = null;
        const close = (value) => {
            result = value;
            dialog.close();
        };
        const heading = el('h2', {id: `${name}-title`}, title);
        const dialog = el('dialog', {
            id: name, class: kind, 'aria-labelledby': `${name}-title`,
            on: {
                close: () => {
                    dialog.remove();
                    resolve(result);
                },
                click: (event) => {
                    if (event.target === dialog)
                        close(null); // beside it
                },
            },
        });
        dialog.append(el('div', {class: 'sheet'}, heading, build(close)));
        document.body.append(dialog);
        dialog.showModal();
    });
}

export function confirm(title, words, action) {
    return show('confirm', title, (close) => [
        el('p', {}, words),
        el('div', {class: 'actions'},
            button('Cancel', () => close(false), {autofocus: true}),
            button(action, () => close(true), {class: 'danger', id: 'confirm-yes'})),
    ]);
}

/* Resolves to {token, keep}, or null. */
export function askToken(words) {
    return show('token-dialog', 'Admin token', (close) => {
        const input = el('input', {
            type: 'password', id: 'token-input', autocomplete: 'off', autofocus: true,
            spellcheck: 'false', 'aria-describedby': 'token-words',
        });
        const keep = el('input', {type: 'checkbox', id: 'token-keep'});
        const form = el('form', {
            class: 'stack',
            on: {
                submit: (event) => {
                    event.preventDefault();
                    const token = input.value.trim();
                    if (token)
                        close({token, keep: keep.checked});
                    else
                        input.focus();
                },
            },
        },
        el('p', {id: 'token-words'}, words),
        el('label', {for: 'token-input'}, 'Token'),
        input,
        el('label', {class: 'check'}, keep, 'Keep it until this tab is closed'),
        el('p', {class: 'hint'},
            'The server has it in its http.token_file. It stays in this tab and goes to this ' +
            'server only.'),
        el('div', {class: 'actions'},
            button('Cancel', () => close(null)),
            el('button', {type: 'submit', class: 'primary', id: 'token-use'}, 'Use it')));
        return form;
    });
}

export function showKeys() {
    const keys = [
        ['/', 'Search'], ['↓ ↑', 'From the search to the list, and along it'],
        ['Page, Home, End', 'Further along the list'], ['Enter', 'Open'],
        ['Esc', 'Empty the search, close, or back to the search'], ['?', 'These keys'],
    ];
    return show('keys', 'Keys', (close) => [
        el('dl', {class: 'keys'}, keys.map(([key, words]) => [
            el('dt', {}, key.split(' ').map((k) => [el('kbd', {}, k.replace(',', '')), ' ']).flat()),
            el('dd', {}, words),
        ]).flat()),
        el('div', {class: 'actions'}, button('Close', () => close(null), {autofocus: true})),
    ]);
}

/* A line at the foot of the page. Errors stay until they are dismissed. */
export function notice(words, isError = false) {
    const line = el('div', {class: isError ? 'notice error' : 'notice',
        role: isError ? 'alert' : 'status'},
    el('span', {}, words),
    button('×', () => line.remove(), {class: 'plain square', 'aria-label': 'Dismiss'}));
    const notices = document.getElementById('notices');
    // A dialog makes what is outside of it inert.
    const open = [...document.querySelectorAll('dialog[open] .sheet')].pop();
    (open ?? notices).append(line);
    if (notices.childElementCount > 3)
        notices.firstElementChild.remove();
    if (!isError)
        setTimeout(() => line.remove(), 5000);
}

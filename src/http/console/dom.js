/* Building pages. Text from outside becomes text nodes, never markup. */

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, props, children) {
    for (const [name, value] of Object.entries(props ?? {})) {
        if (value === undefined || value === null || value === false)
            continue;
        if (name === 'on') {
            for (const [event, handler] of Object.entries(value))
                node.addEventListener(event, handler);
        } else if (name === 'data') {
            Object.assign(node.dataset, value);
        } else {
            node.setAttribute(name, value === true ? '' : value);
        }
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return node;
}

/* el('a', {class: 'x', href: '#/', on: {click}}, 'text', child...) */
export function el(tag, props, ...children) {
    return fill(document.createElement(tag), props, children);
}

export function svg(tag, props, ...children) {
    return fill(document.createElementNS(SVG, tag), props, children);
}

/* Touches the page only when there is something new: no needless layout, and readers of the
 * screen are not told twice. */
export function setText(node, text) {
    const wanted = String(text);
    if (node.textContent !== wanted)
        node.textContent = wanted;
}

export function setClass(node, name) {
    if (node.className !== name)
        node.className = name;
}

export function button(words, handler, props = {}) {
    return el('button', {type: 'button', ...props, on: {click: handler}}, words);
}

let spoken = 0;
let waiting = null;

/* To readers of the screen, at most every two seconds; of several the last. */
export function announce(words) {
    const live = document.getElementById('live');
    const speak = () => {
        spoken = Date.now();
        live.textContent = waiting;
        waiting = null;
    };
    const scheduled = waiting !== null;
    waiting = words;
    if (!scheduled)
        setTimeout(speak, Math.max(0, spoken + 2000 - Date.now()));
}

/* Runs `work` in the next frame, however often it is asked for; heavy work leaves most of
 * the time to the rest of the page. */
export function perFrame(work) {
    let asked = false;
    let rest = 0;
    const run = () => {
        const began = performance.now();
        if (began < rest) {
            requestAnimationFrame(run);
            return;
        }
        asked = false;
        work();
        const cost = performance.now() - began;
        rest = cost > 6 ? began + 6 * cost : 0;
    };
    return () => {
        if (!asked) {
            asked = true;
            requestAnimationFrame(run);
        }
    };
}

/* Escape in a search box empties it, or leaves it when it is empty; the arrow down goes on
 * to the list. */
export function searchBox(label, value, changed, down) {
    const input = el('input', {
        type: 'search', class: 'search', id: 'search', 'aria-label': label, placeholder: label,
        autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false',
        'aria-keyshortcuts': '/',
        on: {
            input: () => changed(input.value.trim().toLowerCase()),
            keydown: (event) => {
                if (event.key === 'Escape' && input.value) {
                    input.value = '';
                    changed('');
                    event.preventDefault();
                } else if (event.key === 'Escape') {
                    input.blur();
                } else if (event.key === 'ArrowDown') {
                    event.preventDefault();
                    down();
                }
            },
        },
    });
    input.value = value;
    return input;
}

/* Light, dark or as the system says. Runs before the first paint, and so is no module. */
'use strict';
(() => {
    const names = ['auto', 'light', 'dark'];
    const key = 'disc.theme';

    const read = () => {
        try {
            const name = localStorage.getItem(key);
            return names.includes(name) ? name : 'auto';
        } catch {
            return 'auto'; // storage is switched off
        }
    };
    const system = matchMedia('(prefers-color-scheme: dark)');
    let chosen = read();

    // The page has one of two looks; only here is it known that "auto" chose it.
    const show = () => {
        const name = chosen !== 'auto' ? chosen : system.matches ? 'dark' : 'light';
        document.documentElement.dataset.theme = name;
        const words = document.getElementById('theme-words');
        if (words)
            words.textContent = chosen[0].toUpperCase() + chosen.slice(1);
    };
    const next = () => {
        chosen = names[(names.indexOf(chosen) + 1) % names.length];
        try {
            localStorage.setItem(key, chosen);
        } catch {
            // then it holds for this page
        }
        show();
    };

    show();
    system.addEventListener('change', show);
    document.addEventListener('DOMContentLoaded', () => {
        show();
        document.getElementById('theme').addEventListener('click', next);
    });
})();

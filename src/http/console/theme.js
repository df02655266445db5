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
    const show = (name) => {
        document.documentElement.dataset.theme = name;
        const words = document.getElementById('theme-words');
        if (words)
            words.textContent = name[0].toUpperCase() + name.slice(1);
    };
    const next = () => {
        const now = document.documentElement.dataset.theme;
        const name = names[(names.indexOf(now) + 1) % names.length];
        try {
            localStorage.setItem(key, name);
        } catch {
            // then it holds for this page
        }
        show(name);
    };

    show(read());
    document.addEventListener('DOMContentLoaded', () => {
        show(read());
        document.getElementById('theme').addEventListener('click', next);
    });
})();

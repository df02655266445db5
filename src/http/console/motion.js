/* A row that changed is lit for a moment, unless its reader wants no motion. */

const calm = matchMedia('(prefers-reduced-motion: reduce)');

export function flash(node) {
    if (calm.matches || !node.isConnected)
        return;
    const lit = getComputedStyle(node).getPropertyValue('--lit');
    for (const running of node.getAnimations())
        running.cancel();
    node.animate([{backgroundColor: lit}, {}], {duration: 1400, easing: 'ease-out'});
}

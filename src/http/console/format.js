/* Numbers and times as people read them. */

const whole = new Intl.NumberFormat('en', {maximumFractionDigits: 0});
const clock = new Intl.DateTimeFormat(undefined, {
    year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit',
    second: '2-digit',
});

export const number = (n) => whole.format(n);

export const plural = (n, one, many = one + 's') => `${number(n)} ${n === 1 ? one : many}`;

/* "3 d 4 h", "5 min 2 s": the two largest units. */
export function duration(seconds) {
    const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
    let rest = Math.max(0, Math.floor(seconds));
    const parts = [];
    for (const [unit, size] of units) {
        const n = Math.floor(rest / size);
        rest -= n * size;
        if (n || (unit === 's' && parts.length === 0))
            parts.push(`${n} ${unit}`);
        if (parts.length === 2 || (parts.length && !n))
            break;
    }
    return parts.join(' ');
}

export function rate(perSecond) {
    if (perSecond === null)
        return '–';
    if (perSecond >= 100)
        return number(perSecond);
    return perSecond ? perSecond.toFixed(1) : '0';
}

export const time = (ms) => (ms ? clock.format(new Date(ms)) : 'never');

export const ago = (ms) => (ms ? `${duration((Date.now() - ms) / 1000)} ago` : 'never');

const isV6 = (address) => address.includes(':');

export function port(p) {
    const name = p.name ? `${p.name} ` : '';
    return `${name}${p.number}${p.protocol && p.protocol !== 'tcp' ? '/' + p.protocol : ''}`;
}

/* "10.0.0.7:8080", "[2001:db8::7]:8080" */
export function endpoint(address, p) {
    if (!p)
        return address;
    return `${isV6(address) ? `[${address}]` : address}:${p.number}`;
}

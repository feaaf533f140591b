"""What lies where: texts that are cut off, boxes that stick out, and containers that scroll sideways though they must not."""

OVERFLOWS = """() => {
    const found = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) found.push(`the document: ${root.scrollWidth} > ${root.clientWidth}`);
    const named = element => `${element.localName}.${[...element.classList].join(".")}`;
    const parts = "body, #app, header, nav, main, main > *, dialog[open], aside, section, form, ul, ol, dl, p, h1, h2, h3";
    for (const element of document.querySelectorAll(parts)) {
        const style = getComputedStyle(element);
        // What may be scrolled sideways says so, and what cuts a text ends it with an ellipsis.
        if (["auto", "scroll"].includes(style.overflowX) && element.matches("pre, [role=grid]")) continue;
        if (style.textOverflow === "ellipsis" || style.display === "contents" || element.closest(".hidden-visually")) continue;
        if (element.closest("[popover]:not(:popover-open)")) continue;
        if (element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1)
            found.push(`${named(element)}: ${element.scrollWidth} > ${element.clientWidth}`);
    }
    return found;
}"""

OUTSIDE = """() => {
    const wide = document.documentElement.clientWidth;
    const said = element => `${element.localName} "${(element.textContent || element.ariaLabel || "").slice(0, 40)}"`;
    const found = [];
    for (const element of document.querySelectorAll("button, a, input, select, h1, h2, [role=button], [role=tab]")) {
        const box = element.getBoundingClientRect();
        if (box.width === 0 || box.height === 0) continue;
        if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        if (element.closest(".hidden-visually, .skip, [popover]:not(:popover-open)")) continue;
        // What a box cuts off, or scrolls, does not stick out of the window.
        let { left, right } = box;
        for (let one = element; one !== null; one = one.parentElement) {
            if (getComputedStyle(one).overflowX === "visible") continue;
            const clip = one.getBoundingClientRect();
            left = Math.max(left, clip.left);
            right = Math.min(right, clip.right);
        }
        if (right > left && (left < -1 || right > wide + 1))
            found.push(`${said(element)}: ${Math.round(left)}..${Math.round(right)} of ${wide}`);
    }
    return found;
}"""

TEXTS = """root => {
    const boxes = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        const element = node.parentElement;
        if (node.data.trim() === "" || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        if (element.closest(".hidden-visually, [popover]:not(:popover-open), datalist, option")) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        let { left, right, top, bottom } = range.getBoundingClientRect();
        // What is cut off is not there.
        for (let one = element; one !== null && one !== root.parentElement; one = one.parentElement) {
            if (getComputedStyle(one).overflowX === "visible") continue;
            const box = one.getBoundingClientRect();
            left = Math.max(left, box.left); right = Math.min(right, box.right);
            top = Math.max(top, box.top); bottom = Math.min(bottom, box.bottom);
        }
        if (right - left > 1 && bottom - top > 1) boxes.push([node.data.trim(), left, right, top, bottom]);
    }
    return boxes;
}"""


def overflows(page):
    """Elements with more in them than there is room for, and controls that are outside of the window."""
    return page.evaluate(OVERFLOWS) + page.evaluate(OUTSIDE)


def overlapping(part):
    """Pairs of texts in a part of the page of which one lies on the other."""
    texts = part.evaluate(TEXTS)
    return [
        (one[0], other[0])
        for place, one in enumerate(texts)
        for other in texts[place + 1 :]
        if min(one[2], other[2]) - max(one[1], other[1]) > 1 and min(one[4], other[4]) - max(one[3], other[3]) > 3
    ]


def lies_within(part, whole):
    """Whether a part is wholly inside of another, from side to side."""
    inner, outer = part.bounding_box(), whole.bounding_box()
    return inner["x"] >= outer["x"] - 1 and inner["x"] + inner["width"] <= outer["x"] + outer["width"] + 1


def settled(page):
    """Two frames later, what follows from another size or look of the window is drawn."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))")

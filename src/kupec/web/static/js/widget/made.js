// What the button has brought along already: how nodes and drawings are made.

export const { el, icon } = customElements.get("kupec-chat");

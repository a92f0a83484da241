// Says when mail came that the list does not show yet; never moves the page under the reader.
"use strict";

const count = document.getElementById("count");
const fresh = document.getElementById("fresh");

async function look() {
  try {
    const answer = await fetch(`/api/messages/count?${count.dataset.query}`);
    if (!answer.ok) return;
    const more = (await answer.json()).count - Number(count.dataset.total);
    fresh.hidden = more <= 0;
    fresh.textContent = more === 1 ? "1 new message: show it" : `${more} new messages: show them`;
  } catch {
    // The server is being restarted; the next look will tell.
  }
}

setInterval(look, 3000);

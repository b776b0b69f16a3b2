// One message or form as the phone shows it, without the phone around it: for pictures and for measuring.
import { createRoot } from "react-dom/client";
import { flushSync } from "react-dom";
import "slack-blocks-to-jsx/dist/style.css";
import { Blocks, People, useForm } from "./blocks.jsx";
import "./page.css";

const NOBODY = { users: [], channels: [{ id: "C1", name: "incident" }] };

function Card({ card }) {
  const form = useForm({ id: "picture", ...card }, "C1");
  const isForm = card.type === "modal" || card.type === "home";
  return (
    <People.Provider value={NOBODY}>
      <div className="posts picture">
        <article className="post">
          <header><b>{isForm ? card.title?.text ?? "App Home" : "appgw-check"}</b>{!isForm && <span className="badge">APP</span>}</header>
          <Blocks blocks={card.blocks} onTap={() => {}} channels={NOBODY.channels} {...form} />
        </article>
      </div>
    </People.Provider>
  );
}

const root = createRoot(document.getElementById("root"));
window.show = (card, key) => {
  flushSync(() => root.render(<Card key={key} card={card} />));
  const drawn = document.querySelector(".picture");
  return { sidewaysPx: Math.max(0, drawn.scrollWidth - drawn.clientWidth), heightPx: drawn.scrollHeight };
};

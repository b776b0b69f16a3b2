// The phone: channels, messages, threads, forms and the Home tab of the stand-in Slack, for one person at a time.
import { useEffect, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import "slack-blocks-to-jsx/dist/style.css";
import { Blocks, useForm } from "./blocks.jsx";
import "./page.css";

async function act(user, wish) {
  const answer = await fetch("/do", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Playground": "1" },
    body: JSON.stringify({ user, ...wish }),
  });
  return answer.json();
}

function useScreen(user) {
  const [screen, setScreen] = useState(null);
  useEffect(() => {
    let alive = true;
    (async () => {
      let seen = "";
      while (alive) {
        try {
          const answer = await fetch(`/state?user=${user}&seen=${seen}`);
          seen = answer.headers.get("ETag");
          const next = await answer.json();
          if (alive) setScreen(next);
        } catch {
          if (alive) setScreen(null);
          await new Promise((done) => setTimeout(done, 1000));
        }
      }
    })();
    return () => { alive = false; };
  }, [user]);
  return screen;
}

const time = (ts) => new Date(Number(ts) * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

function Post({ post, user, onThread }) {
  const [open, setOpen] = useState(null);
  const tap = (element, option) => act(user, { do: "click", channel: post.channel, ts: post.ts, action: element.action_id, option });
  return (
    <article className={post.private ? "post private" : "post"}>
      <header>
        <b>{post.author}</b>{post.bot && <span className="badge">APP</span>} <time>{time(post.ts)}</time>
        {post.edited && <small> (edited)</small>}
        {post.private && <small> Only visible to you</small>}
        {!post.bot && <button className="quiet" onClick={() => act(user, { do: "shortcut", channel: post.channel, ts: post.ts })}>Diagnose this 502</button>}
      </header>
      {post.blocks.length ? <Blocks blocks={post.blocks} onTap={tap} /> : <p>{post.text}</p>}
      {post.files.map((file) => (
        <div key={file.name}>
          <button className="file" onClick={() => setOpen(open === file.name ? null : file.name)}>📄 {file.name}</button>
          {open === file.name && <pre>{file.content}</pre>}
        </div>
      ))}
      {onThread && <button className="quiet" onClick={() => onThread(post.ts)}>{post.thread.length ? `${post.thread.length} in the thread` : "Reply"}</button>}
    </article>
  );
}

function Compose({ placeholder, onSend }) {
  const [text, setText] = useState("");
  const send = async (event) => {
    event.preventDefault();
    if (!text.trim()) return;
    setText("");
    await onSend(text);
  };
  return (
    <form className="compose" onSubmit={send}>
      <input value={text} placeholder={placeholder} aria-label={placeholder} onChange={(event) => setText(event.target.value)} />
      <button className="tap primary">Send</button>
    </form>
  );
}

function Form({ view, user, channels }) {
  const form = useForm(view);
  const tap = (element, option) => act(user, { do: "click", view: view.id, action: element.action_id, option });
  const send = async () => {
    const filled = Object.fromEntries(Object.entries(form.values).filter(([, value]) => value !== ""));
    const answer = await act(user, { do: "submit", values: filled });
    form.refuse(answer.errors && Object.keys(answer.errors).length ? answer.errors : answer.error ? { "": answer.error } : {});
  };
  return (
    <div className="sheet" role="dialog" aria-label={view.title?.text}>
      <h2>{view.title?.text}</h2>
      <Blocks blocks={view.blocks} onTap={tap} channels={channels} {...form} />
      {form.errors[""] && <em role="alert">{form.errors[""]}</em>}
      <div className="row end">
        <button className="tap" onClick={() => act(user, { do: "close" })}>{view.close?.text ?? "Cancel"}</button>
        {view.submit && <button className="tap primary" onClick={send}>{view.submit.text}</button>}
      </div>
    </div>
  );
}

function Phone() {
  const [user, setUser] = useState("U0ONCALL");
  const [channel, setChannel] = useState("C0INCIDENT");
  const [thread, setThread] = useState(null);
  const [note, setNote] = useState("");
  const end = useRef(null);
  const screen = useScreen(user);
  const posts = screen?.messages[channel] ?? [];
  useEffect(() => { end.current?.scrollIntoView({ block: "end" }); }, [posts.length, channel, thread]);
  if (!screen) return <p className="lost">The playground is not running.</p>;

  const parent = posts.find((post) => post.ts === thread);
  const say = async (text) => {
    const answer = await act(user, parent ? { do: "mention", text, channel, thread } : { do: "command", text, channel });
    setNote(answer.ok === false ? `Slack would say: the app did not answer (${answer.error})` : "");
  };
  const home = channel === "HOME";
  return (
    <>
      <aside>
        <h1>Playground</h1>
        <p>One server for each way of being wrong. Tap one to ask about it here.</p>
        {screen.lab.map((backend) => (
          <button key={backend.name} className="lab" onClick={() => { setThread(null); act(user, { do: "command", channel: home ? "C0INCIDENT" : channel, text: `/appgw-check ${backend.target}` }); }}>
            <b>{backend.name}</b> {backend.description} <small>{backend.expected}</small>
          </button>
        ))}
        <button className="lab" onClick={() => act(user, { do: "command", channel, text: "/appgw-check gw:lab-gw" })}><b>gw:lab-gw</b> the gateway that uses all of them</button>
      </aside>
      <main>
        <nav>
          {thread ? <button className="quiet" onClick={() => setThread(null)}>‹ Thread</button> : (
            <select aria-label="channel" value={channel} onChange={(event) => { setChannel(event.target.value); if (event.target.value === "HOME") act(user, { do: "home" }); }}>
              {screen.channels.map((one) => <option key={one.id} value={one.id}># {one.name}</option>)}
              <option value="HOME">App Home</option>
            </select>
          )}
          <select aria-label="person" value={user} onChange={(event) => setUser(event.target.value)}>
            {screen.users.map((one) => <option key={one.id} value={one.id}>{one.name}, {one.tz}</option>)}
          </select>
          <button className="quiet" onClick={() => act(user, { do: "shortcut" })}>⚡</button>
        </nav>
        <section className="posts">
          {home && (screen.home ? <Blocks blocks={screen.home.blocks} onTap={(element, option) => act(user, { do: "click", view: screen.home.id, action: element.action_id, option })} /> : <p>The app has shown nothing here.</p>)}
          {parent ? [parent, ...parent.thread].map((post) => <Post key={post.ts} post={post} user={user} />)
            : posts.map((post) => <Post key={post.ts} post={post} user={user} onThread={post.private ? null : setThread} />)}
          <div ref={end} />
        </section>
        {note && <p className="note" role="status">{note}</p>}
        {!home && <Compose placeholder={parent ? "Reply to @appgw-check" : "/appgw-check backend.contoso.com"} onSend={say} />}
        {screen.view && <Form view={screen.view} user={user} channels={screen.channels} />}
      </main>
    </>
  );
}

createRoot(document.getElementById("root")).render(<Phone />);

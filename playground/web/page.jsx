// The phone: channels, messages, threads, forms and the Home tab of the stand-in Slack, for one person at a time.
import { useEffect, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import "slack-blocks-to-jsx/dist/style.css";
import { Blocks, People, useForm } from "./blocks.jsx";
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

const time = (ts) => new Date(Number(ts) * 1000).toLocaleString([], { weekday: "short", hour: "2-digit", minute: "2-digit" });

// The newest message stays in sight while the card grows under it, unless the reader has scrolled up.
function useBottom(screen, place) {
  const list = useRef(null), stuck = useRef(true), top = useRef(0);
  useEffect(() => { stuck.current = true; }, [place]);
  useEffect(() => { if (stuck.current && list.current) list.current.scrollTop = list.current.scrollHeight; }, [screen, place]);
  // Only a reader scrolls upwards: a list that grew between a scroll and its event is still followed.
  const onScroll = ({ target }) => {
    if (target.scrollHeight - target.scrollTop - target.clientHeight < 80) stuck.current = true;
    else if (target.scrollTop < top.current) stuck.current = false;
    top.current = target.scrollTop;
  };
  // One's own message is always scrolled to, wherever the list stood.
  const follow = () => { stuck.current = true; if (list.current) list.current.scrollTop = list.current.scrollHeight; };
  return [{ ref: list, onScroll }, follow];
}

const named = (text, users) => text.replace(/<@(\w+)>/g, (mention, id) => `@${users.find((one) => one.id === id)?.name ?? id}`);

// Why a tap came to nothing: the app did not answer it, or what was tapped is gone.
const failure = (answer) => (answer.ok === false ? `Slack would say: the app did not answer (${answer.error})` : answer.error ?? "");

function Post({ post, user, users, onThread, onAnswer }) {
  const [open, setOpen] = useState(null);
  const tap = async (element, option) => onAnswer(await act(user, { do: "click", channel: post.channel, ts: post.ts, action: element.action_id, option }));
  return (
    <article className={post.private ? "post private" : "post"}>
      <header>
        <b>{post.author}</b>{post.bot && <span className="badge">APP</span>} <time>{time(post.ts)}</time>
        {post.edited && <small> (edited)</small>}
        {post.private && <small> Only visible to you</small>}
        {!post.bot && <button className="quiet" onClick={() => act(user, { do: "shortcut", channel: post.channel, ts: post.ts })}>Diagnose this 502</button>}
      </header>
      {post.blocks.length ? <Blocks blocks={post.blocks} onTap={tap} /> : <p>{named(post.text, users)}</p>}
      {post.files.map((file) => (
        <div key={file.id}>
          <button className="file" aria-expanded={open === file.id} onClick={() => setOpen(open === file.id ? null : file.id)}><span aria-hidden="true">📄 </span>{file.name}</button>
          {file.installs && <button className="tap" onClick={async () => onAnswer(await act(user, { do: "install", channel: post.channel, ts: post.ts, file: file.id }))}>Install on {file.installs}</button>}
          {open === file.id && <pre tabIndex="0" aria-label={file.name}>{file.content}</pre>}
        </div>
      ))}
      {post.reactions.length > 0 && <p className="reactions">{post.reactions.map((name) => `:${name}:`).join(" ")}</p>}
      {onThread && <button className="quiet" onClick={() => onThread(post.ts)}>{post.thread.length ? `${post.thread.length} in the thread` : "Reply"}</button>}
    </article>
  );
}

function Welcome() {
  return (
    <div className="welcome">
      <p>Nothing has been said here yet. Type one of these, or take a broken server from the lab (☰).</p>
      <pre>{"/appgw-check help\n/appgw-check gw:lab-gw\n/appgw-check subscribe gw:lab-gw"}</pre>
      <p>What does not begin with a slash is said to @appgw-check.</p>
    </div>
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

const FOCUSABLE = "button, input, select, textarea, [tabindex='0']";

// A form takes the focus, keeps it inside, gives it back at its end, and closes with Escape.
function useDialog(close) {
  const sheet = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    sheet.current?.focus();
    return () => before?.focus?.();
  }, []);
  const onKeyDown = (event) => {
    if (event.key === "Escape") close();
    if (event.key !== "Tab") return;
    const inside = [...sheet.current.querySelectorAll(FOCUSABLE)];
    const edge = event.shiftKey ? inside[0] : inside.at(-1);
    if (document.activeElement === edge || document.activeElement === sheet.current && event.shiftKey) {
      event.preventDefault();
      (event.shiftKey ? inside.at(-1) : inside[0])?.focus();
    }
  };
  return { ref: sheet, onKeyDown };
}

// Six taps from the alert to the digest; each does what a person would do, and shows where.
function Story({ story, user, onStep }) {
  const [busy, setBusy] = useState(false);
  const tap = async () => {
    setBusy(true);
    try { onStep(await act(user, { do: "story" })); } finally { setBusy(false); }
  };
  return (
    <div className="story" role="group" aria-label="story">
      <p role="status">{busy ? `${story.next || "Alert"}: under way` : story.told ? <><b>{story.told} of {story.of}: {story.title}.</b> {story.text}</> : "A story in six taps: from the alert to green."}</p>
      <button className="tap primary" disabled={busy} onClick={tap}>{story.told === story.of ? "From the beginning" : story.told ? `Next: ${story.next}` : "Begin"}</button>
    </div>
  );
}

function Backend({ backend, user, onAsk, onAnswer }) {
  const turn = async () => onAnswer(await act(user, { do: "switch", name: backend.name, healed: !backend.healed }));
  return (
    <div className="server">
      <button className="lab" onClick={() => onAsk(backend.target)}>
        <b>{backend.name}</b> {backend.description} <small>{backend.expected}</small>
      </button>
      <button className="switch" role="switch" aria-checked={backend.healed} aria-label={`${backend.name} healed`} onClick={turn}>{backend.healed ? "healed" : "broken"}</button>
    </div>
  );
}

function Form({ view, user, channel, channels }) {
  const form = useForm(view, channel);
  const tap = (element, option) => act(user, { do: "click", view: view.id, action: element.action_id, option });
  const send = async () => {
    const filled = Object.fromEntries(Object.entries(form.values).filter(([, value]) => value !== ""));
    const answer = await act(user, { do: "submit", values: filled });
    form.refuse(answer.errors && Object.keys(answer.errors).length ? answer.errors : answer.error ? { "": answer.error } : {});
  };
  const close = () => act(user, { do: "close" });
  const sheet = useDialog(close);
  return (
    <div className="sheet" role="dialog" aria-modal="true" aria-label={view.title?.text} tabIndex="-1" {...sheet}>
      <h2>{view.title?.text}</h2>
      <Blocks blocks={view.blocks} onTap={tap} channels={channels} {...form} />
      {form.errors[""] && <em role="alert">{form.errors[""]}</em>}
      <div className="row end">
        <button className="tap" onClick={close}>{view.close?.text ?? "Cancel"}</button>
        {view.submit && <button className="tap primary" onClick={send}>{view.submit.text}</button>}
      </div>
    </div>
  );
}

const HOUR = 3600, BETWEEN_MORNINGS_MS = 7000;

// The clock of Slack and bot alike; a week goes from morning to morning, so that each morning's digest is seen coming.
function Clock({ now, user }) {
  const [left, setLeft] = useState(0);
  const move = (seconds) => act(user, { do: "clock", seconds });
  const week = async () => {
    for (let days = 7; days > 0; days--) {
      setLeft(days);
      await move();
      await new Promise((done) => setTimeout(done, BETWEEN_MORNINGS_MS));
    }
    setLeft(0);
  };
  const shown = new Date(now).toLocaleString([], { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  return (
    <div className="clock" role="group" aria-label="clock">
      <b>It is {shown}</b>
      <div className="row">
        <button className="tap" disabled={left > 0} onClick={() => move(HOUR)}>+1 hour</button>
        <button className="tap" disabled={left > 0} onClick={() => move()}>Next morning</button>
        <button className="tap" disabled={left > 0} onClick={week}>{left ? `${left} mornings to go` : "A week"}</button>
      </div>
    </div>
  );
}

function Phone() {
  const [user, setUser] = useState("U0ONCALL");
  const [channel, setChannel] = useState("C0INCIDENT");
  const [thread, setThread] = useState(null);
  const [note, setNote] = useState("");
  const [lab, setLab] = useState(false);
  const screen = useScreen(user);
  const posts = screen?.messages[channel] ?? [];
  const [bottom, follow] = useBottom(screen, `${user} ${channel} ${thread}`);
  if (!screen) return <p className="lost">The playground is not running.</p>;

  const parent = posts.find((post) => post.ts === thread);
  const tell = (answer) => setNote(failure(answer));
  const say = async (text) => {
    follow();
    const answer = await act(user, parent ? { do: "mention", text, channel, thread } : { do: "command", text, channel });
    tell(answer);
    follow();
  };
  const onStep = (answer) => {
    tell(answer);
    if (!answer.ok) return;
    setLab(false);
    setChannel(answer.channel);
    setThread(answer.thread);
  };
  const home = channel === "HOME";
  const place = home ? "C0INCIDENT" : channel;
  const askHere = (target) => {
    setLab(false);
    setThread(null);
    setChannel(place);
    act(user, { do: "command", channel: place, text: `/appgw-check ${target}` });
  };
  const comesIn = async () => {
    setLab(false);
    setThread(null);
    setChannel("C0LABALERTS");
    tell(await act(user, { do: "alert" }));
  };
  return (
    <People.Provider value={screen}>
      <aside className={lab ? "open" : ""} aria-label="lab" onKeyDown={(event) => event.key === "Escape" && setLab(false)}>
        <h1>Playground</h1>
        <Clock now={screen.now} user={user} />
        <p>One server for each way of being wrong. Tap one to ask about it here.</p>
        <button className="lab" onClick={() => askHere("gw:lab-gw")}><b>gw:lab-gw</b> the gateway that uses all of them</button>
        <button className="lab" onClick={comesIn}><b>An alert</b> comes into #alerts and is answered by itself</button>
        {screen.lab.map((backend) => <Backend key={backend.name} backend={backend} user={user} onAsk={askHere} onAnswer={tell} />)}
      </aside>
      <main>
        <nav aria-label="place and person">
          <button className="quiet menu" aria-label="the lab" aria-expanded={lab} onClick={() => setLab(!lab)}>☰</button>
          {thread ? <button className="quiet" onClick={() => setThread(null)}>‹ Back</button> : (
            <select aria-label="channel" value={channel} onChange={(event) => { setChannel(event.target.value); if (event.target.value === "HOME") act(user, { do: "home" }); }}>
              {screen.channels.map((one) => <option key={one.id} value={one.id}># {one.name}</option>)}
              <option value="HOME">App Home</option>
            </select>
          )}
          <select aria-label="person" value={user} onChange={(event) => setUser(event.target.value)}>
            {screen.users.map((one) => <option key={one.id} value={one.id}>{one.name}, {one.tz}</option>)}
          </select>
          <button className="quiet" title="The global shortcut Check a backend" aria-label="Check a backend" onClick={() => act(user, { do: "shortcut" })}>⚡</button>
        </nav>
        <Story story={screen.story} user={user} onStep={onStep} />
        <section className="posts" role="log" aria-live="polite" aria-label="messages" tabIndex="0" {...bottom}>
          {!home && !posts.length && <Welcome />}
          {home && (screen.home ? <Blocks blocks={screen.home.blocks} onTap={async (element, option) => tell(await act(user, { do: "click", view: screen.home.id, action: element.action_id, option }))} /> : <p>The app has shown nothing here.</p>)}
          {parent ? [parent, ...parent.thread].map((post) => <Post key={post.ts} post={post} user={user} users={screen.users} onAnswer={tell} />)
            : posts.map((post) => <Post key={post.ts} post={post} user={user} users={screen.users} onThread={post.private ? null : setThread} onAnswer={tell} />)}
        </section>
        {note && <p className="note" role="status">{note}</p>}
        {!home && <Compose placeholder={parent ? "Reply to @appgw-check" : "/appgw-check backend.contoso.com"} onSend={say} />}
        {screen.view && <Form view={screen.view} user={user} channel={place} channels={screen.channels} />}
      </main>
    </People.Provider>
  );
}

createRoot(document.getElementById("root")).render(<Phone />);

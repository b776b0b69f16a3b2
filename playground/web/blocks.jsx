// Block Kit on the page: slack-blocks-to-jsx draws what is only read, this file draws what is tapped and typed.
import { createContext, useContext, useState } from "react";
import { Message } from "slack-blocks-to-jsx";

// Who and what the ids in a message mean.
export const People = createContext({ users: [], channels: [] });

function Drawn({ blocks }) {
  const { users, channels } = useContext(People);
  return <Message blocks={blocks} data={{ users, channels }} withoutWrapper />;
}

const label = (element) => element?.text?.text ?? element?.placeholder?.text ?? element?.action_id ?? "";
const isActive = (block) => block.type === "actions" || block.type === "input" || block.accessory;

function Choice({ element, onTap }) {
  const chosen = element.initial_option?.value ?? "";
  return (
    <select className={element.type === "overflow" ? "more" : ""} value={chosen} aria-label={label(element) || "more"} onChange={(event) => event.target.value && onTap(element, event.target.value)}>
      {!chosen && <option value="">{element.type === "overflow" ? "⋯" : label(element)}</option>}
      {(element.options ?? []).map((option) => (
        <option key={option.value} value={option.value}>{option.text.text}</option>
      ))}
    </select>
  );
}

function Control({ element, onTap }) {
  if (element.type !== "button") return <Choice element={element} onTap={onTap} />;
  const ask = () => {
    const sure = element.confirm;
    if (!sure || window.confirm(`${sure.title?.text ?? ""}\n\n${sure.text?.text ?? ""}`)) onTap(element);
  };
  return <button className={`tap ${element.style ?? ""}`} aria-label={element.accessibility_label} onClick={ask}>{label(element)}</button>;
}

const PLACES = new Set(["conversations_select", "channels_select"]);

function Field({ block, error, values, set, channels = [] }) {
  const { element, label: title, hint, optional } = block;
  const options = PLACES.has(element.type)
    ? channels.map((one) => ({ value: one.id, text: { text: `# ${one.name}` } }))
    : element.options;
  const value = values[block.block_id] ?? "";
  const put = (given) => set({ ...values, [block.block_id]: given });
  return (
    <label className="field">
      <b>{title.text}</b>{optional && " (optional)"}
      {element.type === "file_input" ? (
        <small>Slack takes a file here; the playground does not.</small>
      ) : options ? (
        <select value={value} onChange={(event) => put(event.target.value)}>
          <option value="" />
          {options.map((one) => <option key={one.value} value={one.value}>{one.text.text}</option>)}
        </select>
      ) : element.multiline ? (
        <textarea rows="6" value={value} placeholder={element.placeholder?.text} onChange={(event) => put(event.target.value)} />
      ) : (
        <input value={value} placeholder={element.placeholder?.text} onChange={(event) => put(event.target.value)} />
      )}
      {hint && <small>{hint.text}</small>}
      {error && <em role="alert">{error}</em>}
    </label>
  );
}

function Active({ block, onTap, ...form }) {
  if (block.type === "input") return <Field block={block} error={form.errors?.[block.block_id]} values={form.values} set={form.set} channels={form.channels} />;
  if (block.type === "actions") return <div className="row">{block.elements.map((one) => <Control key={one.action_id} element={one} onTap={onTap} />)}</div>;
  const { accessory, ...rest } = block;
  return (
    <div className="beside">
      <Drawn blocks={[rest]} />
      {accessory.action_id && <Control element={accessory} onTap={onTap} />}
    </div>
  );
}

// Runs of read-only blocks are drawn together, so that their spacing is Slack's.
export function Blocks({ blocks, onTap, ...form }) {
  const runs = [];
  for (const block of blocks) {
    const last = runs.at(-1);
    if (!isActive(block) && last && !last.active) last.blocks.push(block);
    else runs.push({ active: isActive(block), blocks: [block] });
  }
  return runs.map((run, place) =>
    run.active
      ? <Active key={place} block={run.blocks[0]} onTap={onTap} {...form} />
      : <Drawn key={place} blocks={run.blocks} />);
}

function initialValue(element, channel) {
  const here = element.default_to_current_conversation ? channel : "";
  return element.initial_value ?? element.initial_option?.value ?? element.initial_conversation ?? element.initial_channel ?? here;
}

export function initialValues(blocks, channel) {
  const fields = blocks.filter((block) => block.type === "input");
  return Object.fromEntries(fields.map(({ block_id, element }) => [block_id, initialValue(element, channel)]));
}

export function useForm(view, channel) {
  const [state, setState] = useState({ id: null, values: {}, errors: {} });
  const fresh = view && state.id !== view.id ? { id: view.id, values: initialValues(view.blocks, channel), errors: {} } : state;
  return {
    values: fresh.values,
    errors: fresh.errors,
    set: (values) => setState({ ...fresh, values }),
    refuse: (errors) => setState({ ...fresh, errors }),
  };
}

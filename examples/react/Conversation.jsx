// A stored conversation in React: sign in, say something, watch the reply grow, stop it.
import { useRef, useState } from "react";
import { signIn } from "../conversations.mjs";

export function Conversation({ server = "http://127.0.0.1:8000" }) {
  const [talk, setTalk] = useState(null);
  const [turns, setTurns] = useState([]);
  const [problem, setProblem] = useState(null);
  const writing = useRef(false);

  function grow(text) {
    setTurns((before) => {
      const last = before[before.length - 1];
      return [...before.slice(0, -1), { ...last, text: last.text + text }];
    });
  }

  async function enter(fields) {
    setTalk(await signIn(server, fields.get("username"), fields.get("password")));
  }

  async function ask(fields) {
    if (writing.current) return; // the server would refuse a second message until the reply ends
    writing.current = true;
    const message = fields.get("message");
    setTurns((before) => [...before, { who: "user", text: message }, { who: "model", text: "" }]);
    try {
      for await (const event of talk.say(message)) if (event.type === "chunk") grow(event.content);
    } finally {
      writing.current = false;
    }
  }

  async function submit(event) {
    event.preventDefault();
    const fields = new FormData(event.target);
    if (talk) event.target.reset();
    setProblem(null);
    try {
      await (talk ? ask(fields) : enter(fields));
    } catch (error) {
      setProblem(error.message);
    }
  }

  return (
    <form onSubmit={submit}>
      {turns.map((turn, at) => (
        <p key={at}>
          <b>{turn.who}</b> {turn.text}
        </p>
      ))}
      {problem && <p role="alert">{problem}</p>}
      {talk ? (
        <>
          <input key="message" name="message" required aria-label="Message" />
          <button>Send</button>
          <button type="button" onClick={() => talk.stop()}>
            Stop
          </button>
        </>
      ) : (
        <>
          <input key="username" name="username" required aria-label="Name" autoComplete="username" />
          <input
            name="password"
            type="password"
            required
            aria-label="Password"
            autoComplete="current-password"
          />
          <button>Sign in</button>
        </>
      )}
    </form>
  );
}

// A chat in React: a list of turns, an answer that grows, and a button that stops it.
import { useRef, useState } from "react";
import { chatStream } from "./chat_stream.js";

export function Chat({ server = "http://127.0.0.1:8000" }) {
  const [turns, setTurns] = useState([]);
  const [problem, setProblem] = useState(null);
  const running = useRef(null);
  const session = useRef(null); // the first answer names it

  function grow(text) {
    setTurns((before) => {
      const last = before[before.length - 1];
      return [...before.slice(0, -1), { ...last, text: last.text + text }];
    });
  }

  async function ask(event) {
    event.preventDefault();
    const message = new FormData(event.target).get("message");
    event.target.reset();
    setProblem(null);
    setTurns((before) => [...before, { who: "user", text: message }, { who: "model", text: "" }]);
    running.current = new AbortController();
    try {
      const question = { message, session_id: session.current };
      for await (const said of chatStream(server, question, running.current.signal)) {
        if (said.done) session.current = said.session_id;
        else grow(said.token);
      }
    } catch (error) {
      if (error.name !== "AbortError") setProblem(error.message);
    } finally {
      running.current = null;
    }
  }

  return (
    <form onSubmit={ask}>
      {turns.map((turn, at) => (
        <p key={at}>
          <b>{turn.who}</b> {turn.text}
        </p>
      ))}
      {problem && <p role="alert">{problem}</p>}
      <input name="message" required />
      <button>Ask</button>
      <button type="button" onClick={() => running.current?.abort()}>
        Stop
      </button>
    </form>
  );
}

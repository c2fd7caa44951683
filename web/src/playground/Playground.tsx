/** Where a developer tries the server's APIs. */
export default function Playground() {
  return <h1>Playground</h1>;
}

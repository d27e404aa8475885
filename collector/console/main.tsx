/** Starts the console in its page. */
import { render } from "preact";
import { App } from "./app.tsx";
import "./style/tokens.css";
import "./style/base.css";
import "./style/frame.css";
import "./style/parts.css";
import "./style/cluster.css";
import "./style/fleet.css";
import "./style/pages.css";
import "./style/time.css";
import "./style/trends.css";

const place = document.getElementById("console");
if (place !== null) {
  render(<App />, place);
}

function chanceOfAtLeast(right, trials) { // by guessing: the upper tail of a fair binomial distribution
  let [term, sum] = [0.5 ** trials, 0];
  for (let k = 0; k <= trials; k++) {
    if (k >= right) sum += term;
    term *= (trials - k) / (k + 1);
  }
  return Math.min(sum, 1);
}

const drawn = (n) => crypto.getRandomValues(new Uint32Array(1))[0] % n;

function shuffled(n) {
  const order = [...Array(n).keys()];
  for (let i = n - 1; i > 0; i--) {
    const j = drawn(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

const percent = (p) => (p < 0.001 ? "fewer than 0.1 %" : (100 * p).toFixed(p < 0.0995 ? 1 : 0) + " %");

// What a score means; `count` of the ABX answers are right, or of the AB answers prefer the first of `names`.
function verdict(kind, names, count, answered, trials) {
  const abx = kind === "abx";
  const p = abx ? chanceOfAtLeast(count, answered)
    : Math.min(1, 2 * chanceOfAtLeast(Math.max(count, answered - count), answered));
  const clear = p <= 0.05;
  const score = abx ? count + " of " + answered + " right"
    : names[0] + ": " + count + ", " + names[1] + ": " + (answered - count);
  const texts = [(abx ? "Somebody who only guesses does as well as this, or better, in "
    : "Somebody without any preference splits as unevenly as this, or more, in ") + percent(p) + " of such tests: "
    + (abx ? (clear ? "this is evidence that you hear a difference." : "this does not show that you hear a difference.")
      : (clear ? "this is evidence that you prefer " + names[count * 2 > answered ? 0 : 1] + "."
        : "this does not show that you prefer one."))];
  if (!clear) {
    texts.push((abx ? 0.5 : 1) * 0.5 ** (answered - 1) > 0.05
      ? "With so few trials even the clearest score could be luck."
      : "It does not show the opposite either: the smaller a difference, the more trials it takes.");
  }
  if (answered < trials) {
    texts.push("You stopped after " + answered + " of " + trials + " trials; to stop when the score looks good makes "
      + "luck look like hearing.");
  }
  const printed = p < 0.001 ? "p\u00a0<\u00a00.001" : "p\u00a0=\u00a0" + p.toFixed(3);
  return { p, score: score + " (" + printed + ")", text: texts.join(" ") };
}

// The answers as a file for spreadsheets: one line for each trial, names in quotation marks.
const COLUMNS = ["test", "kind", "trial", "pair", "A", "B", "X", "answer", "right"];
const quoted = (value) => (typeof value === "number" ? value : '"' + String(value).replaceAll('"', '""') + '"');
const csv = (rows) => [COLUMNS, ...rows].map((row) => row.map(quoted).join(",") + "\r\n").join("");

upgradeAll(".bassnb-blind", (root) => {
  const { kind, trials, names, pairs } = JSON.parse(root.dataset.test);
  const [test, result] = [root.querySelector(".bl-test"), root.querySelector(".bl-result")];
  const buttons = [...root.querySelectorAll(".bl-takes button")]; // A, B and, for ABX, X
  const finish = root.querySelector(".bl-finish");
  const audios = buttons.map(() => root.appendChild(document.createElement("audio")));
  const deck = makeDeck(root, audios, pairs[0].seconds);
  let rows = []; // of the CSV file
  let order, answered, count, first, x; // `first` of the two names is A, and X is sound x of A, B: the hidden part

  const select = (index) => {
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === index)));
    deck.select(index);
  };
  const next = () => {
    if (answered % pairs.length === 0) order = shuffled(pairs.length);
    const pair = pairs[order[answered % pairs.length]];
    [first, x] = [drawn(2), drawn(2)];
    const ab = [pair.urls[first], pair.urls[1 - first]];
    deck.load([...ab, ab[x]].slice(0, audios.length), pair.seconds);
    select(0);
    root.querySelector(".bl-trial").textContent = "Trial " + (answered + 1) + " of " + trials;
    finish.hidden = answered === 0;
  };
  const score = () => {
    deck.stop();
    const { p, score, text } = verdict(kind, names, count, answered, trials);
    Object.assign(root.dataset, { score: count, answered, pValue: p });
    result.querySelector(".bl-score").textContent = score;
    result.querySelector(".bl-meaning").textContent = text;
    result.querySelector(".bl-csv").href = "data:text/csv;charset=utf-8," + encodeURIComponent(csv(rows));
    [test.hidden, result.hidden] = [true, false];
    result.focus();
  };
  const begin = () => {
    [answered, count, rows] = [0, 0, []];
    for (const name of ["score", "answered", "pValue"]) delete root.dataset[name];
    [test.hidden, result.hidden] = [false, true];
    next();
  };
  const answer = (chosen) => { // A or B
    const abx = kind === "abx";
    const [a, b] = [names[first], names[1 - first]];
    const [right, hidden] = abx ? [Number(chosen === x), x === 0 ? a : b] : ["", ""];
    count += abx ? right : Number((chosen === 0) === (first === 0));
    const pair = 1 + order[answered % pairs.length];
    answered += 1;
    rows.push([root.getAttribute("aria-label"), kind, answered, pair, a, b, hidden, chosen === 0 ? a : b, right]);
    if (answered === trials) score();
    else next();
  };

  buttons.forEach((button, i) => button.addEventListener("click", () => select(i)));
  root.querySelectorAll(".bl-answers button:not(.bl-finish)").forEach(
    (button, i) => button.addEventListener("click", () => answer(i)));
  finish.addEventListener("click", score);
  root.querySelector(".bl-again").addEventListener("click", () => {
    begin();
    root.querySelector(".bl-play").focus();
  });
  begin();
});

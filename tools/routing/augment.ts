import type { Language } from '../../contracts/agents.ts';
import type { Example, TrainingData } from './examples.ts';
import { JOINS, OPENINGS, CLOSINGS, TERM_FRAMES } from './frames.ts';
import { pick, shuffled, type Random } from './random.ts';

/** An example with how much it counts in training. */
export interface Weighted extends Example {
  readonly weight: number;
}

const VARIANTS = 2;
const VARIANT_WEIGHT = 0.4;
const TERM_WEIGHT = 0.5;
const TERM_FRAMES_EACH = 3;
const PATTERN_WEIGHT = 0.6;
/** Made-up requests for two agents, per hundred examples. */
const PAIRS_PER_HUNDRED = 15;
const OTHER: Record<Language, Language> = { en: 'ko', ko: 'en' };

/** The examples and what people might as well have written: other manners, typos, missing words, terms in bare frames. */
export function augment({ examples, terms, patterns }: TrainingData, random: Random): Weighted[] {
  return [
    ...examples.map((example) => ({ ...example, weight: 1 })),
    ...examples.flatMap((example) => variantsOf(example, random)),
    ...terms.flatMap((term) => framed(term, random)),
    ...patterns.flatMap((pattern) => written(pattern, random)),
    ...pairs(examples, random),
  ];
}

function variantsOf(example: Example, random: Random): Weighted[] {
  const variants: Weighted[] = [];
  for (let count = 0; count < VARIANTS; count++) {
    let text = example.text;
    if (random() < 0.6) text = dropWords(text, random);
    if (random() < 0.35) text = mistype(text, random);
    if (random() < 0.6) text = withManners(text, example.language, random);
    variants.push({ ...example, text, weight: VARIANT_WEIGHT });
  }
  return variants;
}

/** Half of them with other manners, so that those say nothing. */
const written = (pattern: Example, random: Random): Weighted[] =>
  writeOut(pattern, random).map((example) => ({
    ...example,
    text: random() < 0.5 ? withManners(example.text, example.language, random) : example.text,
    weight: PATTERN_WEIGHT,
  }));

/** Frames of the other language too: people mix languages. */
function framed(term: Example, random: Random): Weighted[] {
  const made: Weighted[] = [{ ...term, weight: TERM_WEIGHT }];
  for (let count = 0; count < TERM_FRAMES_EACH; count++) {
    const language = random() < 0.25 ? OTHER[term.language] : term.language;
    made.push({ ...term, text: pick(TERM_FRAMES[language], random).replace('{}', term.text), weight: TERM_WEIGHT });
  }
  return made;
}

function pairs(examples: readonly Example[], random: Random): Weighted[] {
  const made: Weighted[] = [];
  const any = (): Example | undefined => examples[Math.floor(random() * examples.length)];
  for (let count = 0; count < (examples.length * PAIRS_PER_HUNDRED) / 100; count++) {
    const first = any();
    const second = any();
    if (!first || !second || first.language !== second.language || first.agents.length + second.agents.length > 2)
      continue;
    if (first.agents[0] === second.agents[0] || [first, second].some(({ agents }) => agents[0] === 'general')) continue;
    const text = first.text + pick(JOINS[first.language], random) + second.text;
    made.push({ agents: [...first.agents, ...second.agents], language: first.language, text, weight: VARIANT_WEIGHT });
  }
  return made;
}

const withManners = (text: string, language: Language, random: Random): string =>
  pick(OPENINGS[language], random) + text + pick(CLOSINGS[language], random);

function dropWords(text: string, random: Random): string {
  const words = text.split(' ');
  const kept = words.filter(() => random() > 0.2);
  return kept.length >= 2 ? kept.join(' ') : text;
}

/** Leaves out, doubles or swaps one letter in about one word of six. */
function mistype(text: string, random: Random): string {
  return text
    .split(' ')
    .map((word) => {
      if (word.length < 4 || random() > 0.17) return word;
      const at = 1 + Math.floor(random() * (word.length - 2));
      const kind = random();
      if (kind < 0.4) return word.slice(0, at) + word.slice(at + 1);
      if (kind < 0.6) return word.slice(0, at) + word.charAt(at) + word.slice(at);
      return word.slice(0, at) + word.charAt(at + 1) + word.charAt(at) + word.slice(at + 2);
    })
    .join(' ');
}

const SLOT = /\{([^{}]*)\}/g;
/** How often each alternative of a pattern's widest slot is written out. */
const ROUNDS = 4;

/** Writes a pattern out: every alternative of every slot is used, in chance company. */
export function writeOut<Pattern extends { readonly text: string }>(pattern: Pattern, random: Random): Pattern[] {
  const slots = [...pattern.text.matchAll(SLOT)].map(([, inside = '']) => inside.split('|'));
  const count = Math.max(1, ...slots.map((slot) => slot.length)) * (slots.length > 1 ? ROUNDS : 1);
  const columns = slots.map((slot) => column(slot, count, random));
  return Array.from({ length: count }, (_, row) => {
    let at = 0;
    const text = pattern.text.replace(SLOT, () => columns[at++]?.[row] ?? '');
    return { ...pattern, text: text.replace(/\s+/g, ' ').trim() };
  });
}

function column(slot: readonly string[], count: number, random: Random): string[] {
  const filled: string[] = [];
  while (filled.length < count) filled.push(...shuffled(slot, random));
  return filled.slice(0, count);
}

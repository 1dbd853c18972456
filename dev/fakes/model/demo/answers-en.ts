import type { TrainedAgent } from '../../../../contracts/agents.ts';
import type { AgentVoice } from './voice.ts';

/** What each agent says in English. */
export const ENGLISH: Readonly<Record<TrainedAgent, AgentVoice>> = {
  brand: (w) => ({
    lead: `For ${w} I would settle the impression first and the details second: calm, precise, recognisable at a glance.`,
    points: [
      '**Tone of voice:** short sentences, verbs first, no superlatives that the reader cannot check.',
      '**Look:** one strong accent colour with a contrast of at least 4.5:1, plenty of white space, one typeface in two weights.',
      '**Do and do not:** show the product doing its work; do not hide it behind stock photography.',
    ],
    next: 'Next: three clearly different directions on one page, judged by five people outside the team. Trademark and domain checks are still to be done.',
  }),
  marketing: (w) => ({
    lead: `Here is a two-week plan for ${w}, built around one promise that is repeated everywhere.`,
    points: [
      '**Audience:** people who feel the problem weekly; write to one of them, not to a segment.',
      '**Channels:** an email to existing customers, one long post, three short posts and a live session.',
      '**Message:** what changes for the reader on Monday morning, shown with one real example.',
    ],
    next: 'Next: draft the email today, the long post tomorrow, and agree on one number that tells us whether it worked: qualified replies within seven days.',
  }),
  ops: (w) => ({
    lead: `I turned ${w} into a short checklist with an owner and a date for every line.`,
    points: [
      '**Prepare (day 1):** name one owner, collect what exists, write down the three open decisions.',
      '**Run (days 2-4):** a daily fifteen-minute check, blockers first, notes in the same place every day.',
      '**Close (day 5):** confirm the result with the people it is for and archive the documents.',
    ],
    next: 'Next: put the owner and the first date into the calendar now. Holidays and time zones of the people involved are still to be checked.',
  }),
  product: (w) => ({
    lead: `Before building anything for ${w}, I would write down whose problem it is and how we will see that it is solved.`,
    points: [
      '**Problem:** who is stuck, how often, and what they do today instead.',
      '**Smallest useful version:** one path from start to finish, without settings and without exceptions.',
      '**Measure:** the share of people who finish that path in their first week, compared with today.',
    ],
    next: 'Next: five conversations with people who asked for it, then one decision: build, test with a prototype, or drop. I assumed no fixed deadline.',
  }),
  engineering: (w) => ({
    lead: `For ${w} I would take the smallest change that can be tested, released and undone on its own.`,
    points: [
      '**Reproduce:** one failing test that shows the behaviour, with the exact input.',
      '**Change:** keep it behind an interface that exists; write idempotently, because a retry will come.',
      '**Release:** to one environment first, with a metric and a rollback that somebody has tried.',
    ],
    next: 'Next: I need the logs around the first occurrence and the version that was running. Without them the cause remains a guess, and I would not touch the data.',
  }),
  support: (w) => ({
    lead: `Here is how I would answer about ${w}: understand first, then solve, then say what happens next.`,
    points: [
      '**Opening:** thank them for the details and say in one sentence what you understood.',
      '**Solution:** the steps in order, each with what the customer should see afterwards.',
      '**Promise:** when they will hear from us again and from whom, and nothing that we cannot keep.',
    ],
    next: 'Next: check the account and its last three tickets before sending. If money or data is concerned, pass it to a person with the full history attached.',
  }),
  growth: (w) => ({
    lead: `I would treat ${w} as an experiment with one question, one metric and an end date.`,
    points: [
      '**Hypothesis:** if the first useful result comes within two minutes, more people return in week two.',
      '**Test:** half of the new sign-ups see the shorter path, the others the present one.',
      '**Decision rule:** keep it above five points of improvement, stop it below one, extend it once in between.',
    ],
    next: 'Next: check that the events needed for the metric are recorded correctly. The sample size depends on weekly sign-ups, a number I do not have yet.',
  }),
  finance: (w) => ({
    lead: `For ${w} I separate what is known, what is assumed and what has to be decided.`,
    points: [
      '**Cost:** one-off and monthly amounts apart, each with its source and its date.',
      '**Effect:** three cases, cautious, expected and good, that differ in one assumption only.',
      '**Limit:** the amount at which we stop and ask again, agreed before the first invoice.',
    ],
    next: 'Next: I need the current budget line and the contract terms. Tax treatment must be confirmed by your accountant; the figures here are a structure, not advice.',
  }),
  general: (w) => ({
    lead: `I read your request as a question about ${w}, and here is a first useful answer.`,
    points: [
      '**In short:** start with the part that you can finish today and that others are waiting for.',
      '**Then:** write down what is still unclear, one line each, with the person who knows the answer.',
      '**Specialists:** Brand, Marketing, Ops, Product, Engineering, Support, Growth and Finance can each take their part.',
    ],
    next: 'Next: tell me which of these is closest to what you meant, and I will go on from there. I have no live data in this demo, so nothing here was looked up.',
  }),
};

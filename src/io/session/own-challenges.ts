// The challenges that this process has sent, to whomever: somebody who holds two conversations with us could ask in the one
// what is asked of him in the other, and have his answer from us. In mechanisms 2, 3 and 4 both sides answer alike.

/** A new one; remembered with those before it. */
export function freshChallenge(random: (n: number) => Uint8Array): Uint8Array {
  const challenge = random(OCTETS);
  SENT.push(challenge);
  if (SENT.length > KEPT) SENT.shift();
  return challenge;
}

/** Those of all conversations, the oldest first. */
export function sentChallenges(): readonly Uint8Array[] {
  return SENT;
}

const SENT: Uint8Array[] = [];
const OCTETS = 16;
/** Conversations at a time, and a good many more. */
const KEPT = 1000;

import type { PickleMachine } from "./machine.ts";

type Operation = (machine: PickleMachine) => void;

/** The operations of CPython's Lib/pickletools.py that build data; objects of classes are left to the globals that are allowed. */
export const opcodes: ReadonlyMap<number, Operation> = new Map<number, Operation>(
  Object.entries({
    // What begins and ends.
    "\x80": (machine) => void machine.byte(),
    "\x95": (machine) => void machine.take(8),
    ".": (machine) => {
      machine.stopped = true;
    },
    // Plain values.
    N: (machine) => machine.push(null),
    "\x88": (machine) => machine.push(true),
    "\x89": (machine) => machine.push(false),
    K: (machine) => machine.push(machine.unsigned(1)),
    M: (machine) => machine.push(machine.unsigned(2)),
    J: (machine) => machine.push(machine.unsigned(4) | 0),
    "\x8a": (machine) => machine.push(signedInteger(machine.take(machine.unsigned(1)))),
    "\x8b": (machine) => machine.push(signedInteger(machine.take(machine.unsigned(4)))),
    G: (machine) => machine.push(machine.float()),
    X: (machine) => machine.push(machine.text(machine.unsigned(4))),
    "\x8c": (machine) => machine.push(machine.text(machine.unsigned(1))),
    "\x8d": (machine) => machine.push(machine.text(machine.unsigned(8))),
    U: (machine) => machine.push(machine.text(machine.unsigned(1))),
    T: (machine) => machine.push(machine.text(machine.unsigned(4))),
    C: (machine) => machine.push(machine.take(machine.unsigned(1))),
    B: (machine) => machine.push(machine.take(machine.unsigned(4))),
    "\x8e": (machine) => machine.push(machine.take(machine.unsigned(8))),
    // Containers.
    "(": (machine) => machine.mark(),
    "0": (machine) => void machine.pop(),
    "1": (machine) => void machine.popToMark(),
    "2": (machine) => machine.push(machine.peek()),
    ")": (machine) => machine.push([]),
    "]": (machine) => machine.push([]),
    "}": (machine) => machine.push(new Map()),
    "\x85": (machine) => machine.push(machine.popMany(1)),
    "\x86": (machine) => machine.push(machine.popMany(2)),
    "\x87": (machine) => machine.push(machine.popMany(3)),
    t: (machine) => machine.push(machine.popToMark()),
    l: (machine) => machine.push(machine.popToMark()),
    d: (machine) => {
      const items = machine.popToMark();
      machine.push(new Map());
      machine.setItems(items);
    },
    a: (machine) => machine.append(machine.popMany(1)),
    e: (machine) => machine.append(machine.popToMark()),
    s: (machine) => machine.setItems(machine.popMany(2)),
    u: (machine) => machine.setItems(machine.popToMark()),
    // What was there before.
    q: (machine) => machine.remember(machine.unsigned(1)),
    r: (machine) => machine.remember(machine.unsigned(4)),
    "\x94": (machine) => machine.rememberNext(),
    h: (machine) => machine.recall(machine.unsigned(1)),
    j: (machine) => machine.recall(machine.unsigned(4)),
    // Objects.
    c: (machine) => machine.pushGlobal(machine.line(), machine.line()),
    "\x93": (machine) => {
      const [module, name] = machine.popMany(2);
      machine.pushGlobal(String(module), String(name));
    },
    R: (machine) => machine.call(),
    "\x81": (machine) => machine.call(),
    Q: (machine) => machine.pushPersistent(machine.pop()),
    b: build,
  } satisfies Record<string, Operation>).map(([character, operation]) => [character.charCodeAt(0), operation]),
);

/** A dictionary's attributes, such as the versions of modules that a state dict has, are left out; nothing else has any. */
function build(machine: PickleMachine): void {
  machine.pop();
  if (!(machine.peek() instanceof Map)) machine.fail("malformed", "gives attributes to what is no dictionary");
}

/** Two's complement, little-endian, of any length; a number while that is exact. Beyond 64 bytes nothing counts. */
function signedInteger(bytes: Uint8Array): number | bigint {
  const digits = bytes.subarray(0, 64);
  const value = digits.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const signed = BigInt.asIntN(digits.length * 8, value);
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

/** Shapes of the wire for live accounts, as JSDoc types only. Money is text. */

/**
 * @typedef {{ name: string, title: string, secret: boolean, optional: boolean, help: string }} BrokerField
 * @typedef {{ name: string, title: string, country: string, currency: string, tier: string, segments: string[], products: string[], types: string[],
 *   validities: string[], client_id: string, look_up: boolean, login: string, fields: BrokerField[], session_ends: string, static_ip: boolean,
 *   portal: string, todo: string[] }} Broker
 * @typedef {{ account: string, title: string, broker: string, broker_title: string, market: string, currency: string,
 *   state: 'signed_out' | 'connecting' | 'connected' | 'expired' | 'failed', problem: string, user: string, expires: string | null,
 *   unlocked: boolean, locked_because: string, checked: string | null, tier: string, static_ip: boolean, instruments: number,
 *   unmapped: Record<string, number>, snapshot_at: string | null, since: string | null,
 *   score: { score: number, success: number | null, median_ms: number | null, free: number | null } }} LinkTold
 * @typedef {{ name: string, state: 'ok' | 'failed' | 'skipped', expected: string, got: string, ms: number }} CheckStep
 * @typedef {{ account: string, broker: string, version: string, at: string, with_order: boolean, passed: boolean, unlocked: boolean, steps: CheckStep[] }} CheckTold
 * @typedef {{ key: string, symbol: string, product: string, quantity: string, average: string | null, last: string | null, profit: string | null, currency: string }} HeldTold
 * @typedef {{ account: string, title: string, broker: string, mode: 'PAPER' | 'LIVE', currency: string, state: string, problem: string, age: number | null,
 *   funds: { segment: string, currency: string, available: string | null, used: string | null, net: string | null }[],
 *   positions: HeldTold[], holdings: HeldTold[], profit: string | null, value: string | null }} AccountTold
 * @typedef {{ accounts: AccountTold[], totals: { mode: string, currency: string, accounts: number, missing: number, old: number, available: string, profit: string, value: string }[] }} TogetherTold
 * @typedef {{ hours: number, endpoints: { account: string, broker: string, endpoint: string, calls: number, failures: number, p50_ms: number, p99_ms: number, left: number | null, last_problem: string,
 *   course: { at: string, calls: number, failures: number, p50_ms: number, p99_ms: number }[] }[],
 *   calls: { at: string, account: string, endpoint: string, call: string, status: number, ms: number, problem: string }[] }} UsageTold
 * @typedef {{ reads: { operation: 'quotes' | 'history', order: string[], now: string[] }[], orders: { segment: string, able: string[], account: string }[], revision: number }} RoutingTold
 * @typedef {{ quotes: string[], history: string[], orders: Record<string, string>, revision: number }} RoutingAsked
 * @typedef {{ market: string, instruments: number, carriers: Record<string, number>, unmapped: Record<string, Record<string, number>>, conflicts: string[],
 *   switches: Record<string, number>, dropped: Record<string, number> }} MasterTold
 */

export {};

/**
 * The client of a runner, or of a host app's proxy in front of one: everything that the API can do, in one object. Each topic
 * is a class of its own, so that a page which only shows a terminal loads no more than `SessionClient`.
 */
import { ExecutionClient } from './execution-client.js';

export class ReplClient extends ExecutionClient {}

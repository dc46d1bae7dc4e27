/**
 * The tag of a request: the pattern of the route that answers it, never its URL.
 *
 * @module
 */

import type { Context } from "hono";
import { matchedRoutes } from "hono/route";

/** The longest tag that a pool takes, in characters. */
const MAX_TAG = 256;

/** A handler that takes no `next` is one that answers. */
const MIDDLEWARE_ARITY = 2;

/** A route that matched a request, as Hono tells it. */
export interface MatchedRoute {
  /** Its pattern, such as `/users/:id`. */
  readonly path: string;
  /** What answers, or hands on to the next one. */
  readonly handler: { readonly length: number };
}

/** The part of Hono's `Context` that tells which route a request took. */
export interface RoutedContext {
  /** The request. */
  readonly req: {
    /** The index, among the routes that matched, of the one that runs. */
    readonly routeIndex: number;
    /** The routes that matched, in the order in which they run. */
    readonly matchedRoutes?: readonly MatchedRoute[];
  };
}

/** The routes that matched, in the order in which they run. */
function routesOf(c: RoutedContext): readonly MatchedRoute[] {
  // The getter is there in Hono 4, whatever copy the app uses; the helper takes over in Hono 5.
  return c.req.matchedRoutes ?? matchedRoutes(c as unknown as Context);
}

/** The pattern of the route, from an index on, that will answer, or of the last one that matched. */
export function tagOf(c: RoutedContext, from: number): string | undefined {
  const routes = routesOf(c);
  for (let i = from; i < routes.length; i++) {
    if (routes[i]!.handler.length < MIDDLEWARE_ARITY) return tagFrom(routes[i]!.path);
  }
  return tagFrom(routes.at(-1)?.path);
}

function tagFrom(pattern: string | undefined): string | undefined {
  // A pool refuses an empty tag; no pattern is no reason to refuse a request.
  return pattern?.slice(0, MAX_TAG) || undefined;
}

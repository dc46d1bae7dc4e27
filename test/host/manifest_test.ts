import { it } from "node:test";
import { assertEquals } from "@std/assert";
import denoJson from "../../deno.json" with { type: "json" };
import jsrJson from "../../jsr.json" with { type: "json" };
import packageJson from "../../package.json" with { type: "json" };

it("jsr.json mirrors deno.json", () => {
  const { name, version, license, exports, publish } = denoJson;
  assertEquals(jsrJson, { name, version, license, exports, publish });
});

it("package.json mirrors deno.json", () => {
  const { name, version, license, exports } = packageJson;
  assertEquals({ name, version, license, exports }, {
    name: denoJson.name,
    version: denoJson.version,
    license: denoJson.license,
    exports: denoJson.exports,
  });
});

it("package.json and deno.json pin the same npm packages", () => {
  const pinned = { ...packageJson.dependencies, ...packageJson.devDependencies };
  const pins = Object.entries(pinned).map(([name, version]) => `npm:${name}@${version}`);
  const imports = Object.values(denoJson.imports).filter((target) => target.startsWith("npm:"));
  assertEquals(imports.filter((target) => !pins.includes(target)), []);
});

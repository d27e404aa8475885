/** `npm run console`: builds collector/console into its dist folder, with every file compressed beforehand. */
import { ensureConsole } from "./ensure-console.ts";

const kilobytes = await ensureConsole({ isForced: true });
console.log(`etcdscope: the console is built, ${kilobytes} kB compressed, in collector/console/dist`);

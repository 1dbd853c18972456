import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, sep } from 'node:path';

/** A program with the arguments that always come first. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * The program that a setting names: a path, also one with spaces, or a name on `path`, perhaps with arguments after
 * it, parted by spaces. Undefined when there is no such program that may be run. No shell is asked.
 */
export async function findCommand(setting: string, path: string): Promise<Command | undefined> {
  const whole = await locate(setting, path);
  if (whole) return { file: whole, args: [] };
  const [name = '', ...args] = setting.split(/\s+/);
  const file = await locate(name, path);
  return file === undefined ? undefined : { file, args };
}

async function locate(name: string, path: string): Promise<string | undefined> {
  const hasFolder = isAbsolute(name) || name.includes(sep);
  const places = hasFolder ? [name] : path.split(delimiter).map((folder) => folder && join(folder, name));
  for (const place of places) if (isAbsolute(place) && (await isProgram(place))) return place;
  return undefined;
}

const isProgram = async (file: string): Promise<boolean> => {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
};

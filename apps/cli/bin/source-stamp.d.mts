export function sourceStamp(root: string): string | undefined;

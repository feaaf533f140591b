/** Words of charts. */

export const chart = {
  summary: "{title}: now {now}, least {least}, most {most}",
  empty: "{title}: nothing is known yet",
  nothing: "Nothing is known yet",
  unknown: "–",
  at: "{time}: {values}",
  value: "{label} {value}",
  table: "Table",
  table_of: "{title} as a table",
  time: "Time",
} as const;

/** English: every text of the app, by place. {name} is filled in; 'one|many' forms are for counts. */

/** @type {Record<string, string>} */
export const texts = {
  months: 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec',
  'age.seconds': '{n} s',
  'age.minutes': '{n} min',
  'age.hours': '{n} h',
  'age.days': '{n} d',
};

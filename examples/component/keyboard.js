const presses = document.querySelector('#presses');
document.addEventListener('keydown', (event) => {
  if (event.altKey && event.code === 'Digit1') presses.value = String(Number(presses.value) + 1);
});
